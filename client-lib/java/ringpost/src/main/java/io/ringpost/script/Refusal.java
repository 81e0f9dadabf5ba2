package io.ringpost.script;

import io.ringpost.ErrorCode;
import io.ringpost.PublishException;
import java.nio.charset.StandardCharsets;

/** The wording of a refused call, which all bindings share. */
public final class Refusal {
  private static final int SHOWN_MAX = 64;

  private Refusal() {}

  /**
   * The error of a call that enqueued nothing: what is wrong with it, in the words that follow the colon. Names that are null
   * are not shown.
   */
  public static PublishException of(String kafkaId, String topic, ErrorCode code, String what, Throwable cause) {
    String then = code.retryable() ? "; retry later." : ".";
    return PublishException.of(code, call(kafkaId, topic) + ": " + what + ". The event was not queued" + then, cause);
  }

  /** A name in quotes: at most 64 bytes of its UTF-8, and only what is safe to print. */
  public static String quoted(String name) {
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    StringBuilder text = new StringBuilder().append('"');
    for (int at = 0; at < bytes.length && at < SHOWN_MAX; ++at) {
      byte shown = bytes[at];
      text.append(shown >= ' ' && shown <= '~' && shown != '"' ? (char) shown : '?');
    }
    return text.append(bytes.length > SHOWN_MAX ? "...\"" : "\"").toString();
  }

  private static String call(String kafkaId, String topic) {
    if (kafkaId == null) return "publishAsync";
    if (topic == null) return "publishAsync(" + quoted(kafkaId) + ")";
    return "publishAsync(" + quoted(kafkaId) + ", " + quoted(topic) + ")";
  }
}
