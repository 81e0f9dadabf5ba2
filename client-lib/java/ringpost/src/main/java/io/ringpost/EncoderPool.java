package io.ringpost;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The encoders of one handle, one a place; a thread looks at its own place only. They are the handle's and go with it: in a
 * ThreadLocal they would keep the class loader of an application that is gone. Who finds its place empty makes a new one.
 */
final class EncoderPool {
  private static final int PLACES = 64;
  /** References that are a cache line apart. */
  private static final int STRIDE = 16;

  private final AtomicReferenceArray<Encoder> places = new AtomicReferenceArray<>(PLACES * STRIDE);

  static int placeOfThread() {
    @SuppressWarnings("deprecation") // its successor is of Java 19
    long thread = Thread.currentThread().getId();
    return (int) (thread * 0x9E3779B97F4A7C15L >>> 58) * STRIDE;
  }

  Encoder take(int place) {
    Encoder encoder = places.getAndSet(place, null);
    return encoder != null ? encoder : new Encoder();
  }

  void giveBack(int place, Encoder encoder) {
    encoder.forget();
    places.setRelease(place, encoder);
  }
}
