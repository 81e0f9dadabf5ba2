package io.ringpost;

/** There is no room now: {@link ErrorCode#BUFFER_FULL}. Go on later, with the event that was refused. */
public final class BufferFullException extends PublishException {
  private static final long serialVersionUID = 1;

  BufferFullException(String message, Throwable cause) {
    super(ErrorCode.BUFFER_FULL, message, cause);
  }
}
