package io.ringpost.testing;

import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** Conditions instead of sleeps. */
public final class Waiting {
  private static final long DEADLINE_NS = 60_000_000_000L;

  private Waiting() {}

  /** Until the condition holds; fails with what `describe` says after a minute. */
  public static void until(Callable<Boolean> condition, Supplier<String> describe) throws Exception {
    long end = System.nanoTime() + DEADLINE_NS;
    while (!condition.call()) {
      if (System.nanoTime() > end) throw new AssertionError("not within a minute: " + describe.get());
      Thread.sleep(10);
    }
  }
}
