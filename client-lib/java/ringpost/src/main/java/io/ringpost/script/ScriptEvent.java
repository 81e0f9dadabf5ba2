package io.ringpost.script;

import io.ringpost.ErrorCode;
import io.ringpost.Event;
import io.ringpost.PublishException;
import io.ringpost.Ringpost;
import java.math.BigDecimal;
import java.time.temporal.Temporal;
import java.util.Calendar;
import java.util.Date;

/**
 * One call of {@code publishAsync} on its way from an engine: what has been read of its arguments, and the words for what is wrong
 * with them. An engine's module turns its own values into Java's; those of a host come here as they are.
 */
public final class ScriptEvent {
  /** What JSON.stringify made can only be too deep, and a text that is opens and closes more than 1024 times. */
  private static final int CHECKED_UNITS = 2048;
  private static final String KEY_MUST = "; it must be a string, a safe integer, a bigint, bytes, or absent";
  private static final String HEADER_MUST = "; it must be a string, number, boolean, bigint, Date, bytes, null, or an array of these";

  private final String kafkaId;
  private final String topic;
  private final Event event;

  /** Names that are null are no strings; {@link #refuseNames} says what they are. */
  public ScriptEvent(String kafkaId, String topic) {
    this.kafkaId = kafkaId;
    this.topic = topic;
    this.event = new Event(kafkaId, topic);
  }

  /** Throws where a name is no string but of that kind. */
  public void refuseNames(String kindOfKafkaId, String kindOfTopic) {
    if (kafkaId == null) throw unfit("the instance's name is " + kindOfKafkaId + "; it must be a string");
    if (topic == null) throw unfit("the topic is " + kindOfTopic + "; it must be a string");
  }

  /** A string, bytes, or a number; `kind` says what it is where it is none of these. */
  public void key(Object key, String kind) {
    if (key == null) return;
    if (key instanceof byte[] bytes) {
      event.key(bytes);
      return;
    }
    String text = key instanceof Number number ? JavaValues.wholeNumber(number) : isDate(key) ? null : JavaValues.text(key);
    if (text == null) throw unfit("the key is " + (key instanceof Number ? "a number that is no safe integer" : kind) + KEY_MUST);
    event.key(text);
  }

  /** As in a script, where a Date is an object like others. */
  private static boolean isDate(Object key) {
    return key instanceof Date || key instanceof Calendar || key instanceof Temporal;
  }

  /** One header. Null: a null header. Doubles come as JavaScript's text of them. */
  public void header(String name, Object value, String kind) {
    if (value == null || value instanceof String) {
      event.header(name, (String) value);
    } else if (value instanceof byte[] bytes) {
      event.header(name, bytes);
    } else {
      String text = value instanceof Number number ? numberText(number) : value instanceof Boolean ? value.toString() : JavaValues.text(value);
      if (text == null) throw unfit("the header " + Refusal.quoted(name) + " is " + kind + HEADER_MUST);
      event.header(name, text);
    }
  }

  private static String numberText(Number number) {
    String whole = JavaValues.wholeNumber(number);
    return whole != null ? whole : number instanceof BigDecimal decimal && decimal.scale() < 1000 ? decimal.toPlainString() : null;
  }

  /** Headers that are no plain object but of that kind. */
  public PublishException noHeaders(String kind) {
    return unfit("headers is " + kind + "; it must be a plain object: {name: value}");
  }

  /** What code of the script's threw while key and headers were read. */
  public PublishException unreadable(Throwable cause) {
    return Refusal.of(kafkaId, topic, ErrorCode.INVALID_ARGUMENT, "the key or the headers can't be read (`cause` says why)", cause);
  }

  /** The engine gave no text of a message that is of that kind; "an object": its toJSON gave undefined. */
  public PublishException noText(String kind) {
    String what = kind.equals("an object") || kind.equals("an array") ? "its toJSON() gave undefined" : "it is " + kind;
    return noJson("the message has no JSON form: " + what, null);
  }

  /** What the engine, or code of the script's, threw in JSON.stringify. */
  public PublishException unserialisable(Throwable cause) {
    return noJson("the message can't be serialised (`cause` says why)", cause);
  }

  /** A value of the host's, at that place in the message ("" is the message itself), has no JSON form. */
  public PublishException noJsonAt(String path, String why) {
    String where = path.isEmpty() ? "" : " at " + Refusal.quoted(path.startsWith(".") ? path.substring(1) : path);
    return noJson("the message can't be serialised" + where + ": " + why, null);
  }

  /** The message is not JSON, in the words that follow the colon. */
  public PublishException noJson(String what, Throwable cause) {
    return Refusal.of(kafkaId, topic, ErrorCode.INVALID_JSON, what, cause);
  }

  /** Something else about the arguments, in the words that follow the colon. */
  public PublishException unfit(String what) {
    return Refusal.of(kafkaId, topic, ErrorCode.INVALID_ARGUMENT, what, null);
  }

  /** Hands it over, with the text that JSON.stringify made. */
  public void publish(Ringpost ringpost, String text) {
    if (text.length() <= CHECKED_UNITS) event.checkedMessage(text);
    else event.message(text);
    try {
      ringpost.publish(event);
    } catch (IllegalStateException closed) {
      throw unfit("this Ringpost was closed; Ringpost.open() makes another one");
    }
  }
}
