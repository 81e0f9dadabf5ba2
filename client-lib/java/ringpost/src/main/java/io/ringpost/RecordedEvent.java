package io.ringpost;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What a {@link Recording} accepted.
 *
 * @param message the JSON text
 * @param key null: no key
 */
public record RecordedEvent(String kafkaId, String topic, String message, byte[] key, List<Header> headers) {
  /**
   * One header.
   *
   * @param value null: a null header
   */
  public record Header(String name, byte[] value) {
    /** The value as text; null for a null header. */
    public String text() {
      return textOf(value);
    }
  }

  /** The key as text; null without one. */
  public String keyText() {
    return textOf(key);
  }

  private static String textOf(byte[] bytes) {
    return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
  }
}
