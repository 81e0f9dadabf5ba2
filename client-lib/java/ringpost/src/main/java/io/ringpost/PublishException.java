package io.ringpost;

import io.ringpost.script.EngineErrors;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * Nothing was enqueued. The message says what, where and what to do, with figures, and never shows a message, a key or a
 * header's value.
 *
 * <p>Three of the codes have types of their own, where callers do something else about them: {@link BufferFullException},
 * {@link NotConnectedException} and {@link DaemonUnavailableException}.
 */
public class PublishException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private static final int CAUSES_MAX = 64;

  private final ErrorCode code;

  PublishException(ErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /** The one of that code, of the type that goes with it. The cause may be null. */
  public static PublishException of(ErrorCode code, String message, Throwable cause) {
    return switch (code) {
      case BUFFER_FULL -> new BufferFullException(message, cause);
      case NOT_CONNECTED -> new NotConnectedException(message, cause);
      case DAEMON_UNAVAILABLE -> new DaemonUnavailableException(message, cause);
      default -> new PublishException(code, message, cause);
    };
  }

  /**
   * The one in what a script engine threw, when a script did not catch what {@code publishAsync} threw: the exception itself,
   * one of its causes, or what a module for the engine (ringpost-rhino) finds in it.
   */
  public static Optional<PublishException> from(Throwable thrown) {
    Throwable at = thrown;
    for (int causes = 0; at != null && causes < CAUSES_MAX; ++causes, at = at.getCause()) {
      if (at instanceof PublishException found) return Optional.of(found);
      for (EngineErrors engine : ServiceLoader.load(EngineErrors.class, PublishException.class.getClassLoader())) {
        Optional<PublishException> found = engine.find(at);
        if (found.isPresent()) return found;
      }
    }
    return Optional.empty();
  }

  /** The word for what went wrong. */
  public final ErrorCode code() {
    return code;
  }

  /** An HTTP-like number: 429 and so on. */
  public final int status() {
    return code.status();
  }

  /** The same call may succeed later. */
  public final boolean retryable() {
    return code.retryable();
  }
}
