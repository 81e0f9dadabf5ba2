package io.ringpost;

/** Kafka is out of reach, and events are not taken meanwhile: {@link ErrorCode#NOT_CONNECTED}. */
public final class NotConnectedException extends PublishException {
  private static final long serialVersionUID = 1;

  NotConnectedException(String message, Throwable cause) {
    super(ErrorCode.NOT_CONNECTED, message, cause);
  }
}
