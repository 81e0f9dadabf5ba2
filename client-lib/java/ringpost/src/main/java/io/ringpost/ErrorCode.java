package io.ringpost;

/** What a call that enqueued nothing came to. The words are the same in every binding and in the command line. */
public enum ErrorCode {
  /** The call is malformed. */
  INVALID_ARGUMENT(400, false),
  /** The message is not one JSON text (RFC 8259, UTF-8). */
  INVALID_JSON(400, false),
  /** Switched off for this deployment or instance. */
  DISABLED(403, false),
  /** This user may not use that instance or topic. */
  DENIED(403, false),
  /** Not configured. */
  UNKNOWN_INSTANCE(404, false),
  /** Not listed, or not in the cluster. */
  UNKNOWN_TOPIC(404, false),
  /** Key, headers and message are over the limit. */
  MESSAGE_TOO_LARGE(413, false),
  /** No room now. */
  BUFFER_FULL(429, true),
  /** Kafka is out of reach, and the instance's policy is to reject. */
  NOT_CONNECTED(503, true),
  /** No daemon, and no buffer from before to write to. */
  DAEMON_UNAVAILABLE(503, true);

  private static final ErrorCode[] ALL = values();

  private final int status;
  private final boolean retryable;

  ErrorCode(int status, boolean retryable) {
    this.status = status;
    this.retryable = retryable;
  }

  /** An HTTP-like number. */
  public int status() {
    return status;
  }

  /** The same call may succeed later. */
  public boolean retryable() {
    return retryable;
  }

  /** The code that ringpost.h has as this negative number. */
  static ErrorCode of(int number) {
    return ALL[-number - 1];
  }
}
