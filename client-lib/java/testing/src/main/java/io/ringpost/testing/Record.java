package io.ringpost.testing;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** What arrived in a topic, but for Ringpost's own header. */
public record Record(int partition, byte[] key, byte[] message, List<Header> headers) {
  /** A null value is a null header. */
  public record Header(String name, byte[] value) {}

  public String keyText() {
    return key == null ? null : new String(key, StandardCharsets.UTF_8);
  }

  public String text() {
    return new String(message, StandardCharsets.UTF_8);
  }
}
