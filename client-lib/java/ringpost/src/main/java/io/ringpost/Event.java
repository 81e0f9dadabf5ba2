package io.ringpost;

import java.util.ArrayList;
import java.util.List;

/**
 * What is published: a message for a topic of an instance, with a key and headers where they are wanted.
 *
 * <p>Nothing is looked at before {@link Ringpost#publish}, which throws where something does not fit. One thread may use an event
 * again, also with another message; nothing of it is kept by a publish.
 */
public final class Event {
  final String kafkaId;
  final String topic;
  /** String, byte[], or null for none. */
  Object message;
  boolean checked;
  /** String, byte[], or null for none. */
  Object key;
  final List<String> headerNames = new ArrayList<>(4);
  /** String, byte[], or null for a null header. */
  final List<Object> headerValues = new ArrayList<>(4);

  /**
   * An event without message, key and headers.
   *
   * @param kafkaId the instance's name: configured by the administrator, lower case, no special characters
   * @param topic the topic's name: topics are created and managed by administrators
   */
  public Event(String kafkaId, String topic) {
    this.kafkaId = kafkaId;
    this.topic = topic;
  }

  /** The message: one JSON text. A lone surrogate in it is written as its escape. */
  public Event message(String json) {
    message = json;
    checked = false;
    return this;
  }

  /** The message: one JSON text in UTF-8, sent byte for byte. Not copied before {@link Ringpost#publish}. */
  public Event message(byte[] json) {
    message = json;
    checked = false;
    return this;
  }

  /**
   * The message, by a caller that has just serialised or checked it: it is not checked again in the call. The daemon does in any
   * case, and discards what is not JSON.
   */
  public Event checkedMessage(String json) {
    message = json;
    checked = true;
    return this;
  }

  /** As {@link #checkedMessage(String)}, in UTF-8. */
  public Event checkedMessage(byte[] json) {
    message = json;
    checked = true;
    return this;
  }

  /** Events with the same key keep their order. Null: no key, and no order; an empty key is a key. */
  public Event key(String text) {
    key = text;
    return this;
  }

  /** The key as bytes; null: no key. */
  public Event key(byte[] bytes) {
    key = bytes;
    return this;
  }

  /** One more header; order is kept, and names may come again. Null: a null header. */
  public Event header(String name, String value) {
    headerNames.add(name);
    headerValues.add(value);
    return this;
  }

  /** One more header, of bytes; null: a null header. */
  public Event header(String name, byte[] value) {
    headerNames.add(name);
    headerValues.add(value);
    return this;
  }

  /** Takes all headers away. */
  public Event clearHeaders() {
    headerNames.clear();
    headerValues.clear();
    return this;
  }
}
