package io.ringpost.graaljs;

import io.ringpost.ErrorCode;
import io.ringpost.PublishException;
import io.ringpost.script.EngineErrors;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.graalvm.polyglot.PolyglotException;

/**
 * Finds the exception behind a script's error. The error has no hold on anything of Java's, and when its context is closed only its message
 * can still be read; so the last ones' messages are remembered here, with their codes. Not the exceptions, which would keep the classes of
 * all who are on their stack.
 */
public final class GraalErrors implements EngineErrors {
  private static final int REMEMBERED = 1024;
  private static final String NAME = "PublishError: ";
  private static final AtomicReferenceArray<Remembered> LAST = new AtomicReferenceArray<>(REMEMBERED);
  private static final AtomicInteger NEXT = new AtomicInteger();

  private record Remembered(ErrorCode code, String message) {}

  /** For the service loader. */
  public GraalErrors() {}

  @Override
  public Optional<PublishException> find(Throwable thrown) {
    try {
      if (thrown instanceof PolyglotException exception && exception.isGuestException()) return find(exception.getMessage());
    } catch (NoClassDefFoundError noGraal) {
      // Then it is not GraalJS's.
    }
    return Optional.empty();
  }

  private static Optional<PublishException> find(String message) {
    if (message == null || !message.startsWith(NAME)) return Optional.empty();
    int newest = NEXT.get() - 1;
    for (int back = 0; back < REMEMBERED; ++back) {
      Remembered found = LAST.get(Math.floorMod(newest - back, REMEMBERED));
      if (found != null && message.length() == NAME.length() + found.message().length() && message.endsWith(found.message())) {
        return Optional.of(PublishException.of(found.code(), found.message(), null));
      }
    }
    return Optional.empty();
  }

  static void remember(PublishException refused) {
    LAST.set(Math.floorMod(NEXT.getAndIncrement(), REMEMBERED), new Remembered(refused.code(), refused.getMessage()));
  }
}
