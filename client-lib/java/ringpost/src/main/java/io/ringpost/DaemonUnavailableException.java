package io.ringpost;

/** Nobody takes the event: {@link ErrorCode#DAEMON_UNAVAILABLE}. The handle finds the daemon again by itself. */
public final class DaemonUnavailableException extends PublishException {
  private static final long serialVersionUID = 1;

  DaemonUnavailableException(String message, Throwable cause) {
    super(ErrorCode.DAEMON_UNAVAILABLE, message, cause);
  }
}
