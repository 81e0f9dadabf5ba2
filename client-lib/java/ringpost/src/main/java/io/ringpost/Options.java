package io.ringpost;

import java.time.Duration;

/** What {@link Ringpost#open(Options)} takes. */
public final class Options {
  String socketPath;
  String clientName;
  int timeoutMs;

  /** The defaults. */
  public Options() {}

  /** The daemon's socket. Default: {@code RINGPOST_SOCKET} of the environment, else /run/ringpost/ringpost.sock. */
  public Options socketPath(String path) {
    socketPath = checked("socketPath", path);
    return this;
  }

  /** Shown to administrators; cut off after 64 bytes. Default: the program's name. */
  public Options clientName(String name) {
    clientName = checked("clientName", name);
    return this;
  }

  /**
   * How long {@link Ringpost#open(Options)} waits for the daemon. Default: 5 s. Zero: not at all; a publish throws
   * {@link DaemonUnavailableException} until the daemon is there.
   */
  public Options connectTimeout(Duration timeout) {
    if (timeout == null || timeout.isNegative() || timeout.compareTo(Duration.ofMillis(Integer.MAX_VALUE)) > 0) {
      throw wrong("connectTimeout must be a duration, zero (not to wait) or more, in milliseconds at most " + Integer.MAX_VALUE);
    }
    // As the C library wants it: 0 is its default, negative is not to wait.
    timeoutMs = timeout.isZero() ? -1 : (int) Math.max(1, timeout.toMillis());
    return this;
  }

  private static String checked(String name, String value) {
    if (value != null && !value.isEmpty() && value.indexOf('\0') < 0) return value;
    throw wrong(name + " is " + (value == null ? "null" : "empty or has a zero character") + "; it must be a string");
  }

  private static PublishException wrong(String what) {
    return PublishException.of(ErrorCode.INVALID_ARGUMENT, "open: " + what, null);
  }
}
