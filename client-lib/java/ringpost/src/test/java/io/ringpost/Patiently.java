package io.ringpost;

/** Publishing on from the event that was refused, as callers whose loop outruns Kafka should. */
final class Patiently {
  private Patiently() {}

  /** Returns when there was room. Other refusals are thrown. */
  static void publish(Ringpost ringpost, Event event) throws InterruptedException {
    for (;;) {
      try {
        ringpost.publish(event);
        return;
      } catch (BufferFullException full) {
        if (!full.retryable()) throw new AssertionError("BUFFER_FULL is to be retryable", full);
        Thread.sleep(1);
      }
    }
  }
}
