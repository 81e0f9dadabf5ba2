package io.ringpost;

import io.ringpost.script.Refusal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A handle without a daemon, for unit tests and for machines without Linux: the same checks and the same codes, and what was accepted
 * can be looked at. Pure Java. Any number of threads may use it.
 */
public final class Recording extends Ringpost {
  // As in ipc/limits.hpp and ringpostd's configuration.
  private static final int MAX_EVENT_BYTES = 1024 * 1024;
  private static final int HEADERS_MAX = 1024;
  private static final int HEADER_NAME_MAX_BYTES = 4096;
  private static final int HEADER_PREFIX_BYTES = 6;
  private static final Pattern INSTANCE_NAME = Pattern.compile("[a-z0-9]{1,64}");
  private static final Pattern TOPIC_NAME = Pattern.compile("[A-Za-z0-9._-]{1,249}");

  private final List<RecordedEvent> events = Collections.synchronizedList(new ArrayList<>());
  private volatile Map<String, List<String>> instances;
  private volatile int maxEventBytes = MAX_EVENT_BYTES;
  private volatile ErrorCode refusing;
  private volatile boolean closed;

  Recording() {}

  /** The instances there are, each with its topics: names or {@code prefix*}. Without this: every well-formed name. */
  public Recording withInstances(Map<String, List<String>> topicsByInstance) {
    instances = new TreeMap<>(topicsByInstance);
    return this;
  }

  /** Key, headers and message together. Default: 1 MiB. */
  public Recording withMaxEventBytes(int bytes) {
    maxEventBytes = bytes;
    return this;
  }

  /** What was accepted so far. Yours: empty it as you like. */
  public List<RecordedEvent> events() {
    return events;
  }

  /** Refuses what would be accepted, with that code; null: no longer. */
  public void refuseWith(ErrorCode code) {
    refusing = code;
  }

  @Override
  public void publish(Event event) {
    Encoder encoder = new Encoder();
    encoder.write(event);
    if (closed) throw closed(event);
    RecordedEvent recorded = checked(encoder);
    if (refusing != null) throw refusal(recorded, refusing, "this recording was told to refuse");
    events.add(recorded);
  }

  /** A copy of an event that passes all checks. */
  RecordedEvent checked(Event event) {
    Encoder encoder = new Encoder();
    encoder.write(event);
    return checked(encoder);
  }

  private RecordedEvent checked(Encoder encoder) {
    RecordedEvent recorded = new FlatReader(encoder).read();
    check(recorded, encoder);
    return recorded;
  }

  /** In the order of the C library. */
  private void check(RecordedEvent event, Encoder encoder) {
    checkHeaders(event);
    checkNames(event);
    long around = sizeOf(event.key());
    for (RecordedEvent.Header header : event.headers()) {
      around += HEADER_PREFIX_BYTES + FlatReader.utf8(header.name()).length + sizeOf(header.value());
    }
    long size = around + (encoder.textEnd - encoder.textBegin);
    if (size > maxEventBytes) {
      throw refusal(event, ErrorCode.MESSAGE_TOO_LARGE,
          "key, headers and message have " + size + " bytes; at most " + maxEventBytes + " are allowed");
    }
    JsonCheck json = new JsonCheck(encoder.text, encoder.textBegin, encoder.textEnd);
    if (!json.isJson()) {
      throw refusal(event, ErrorCode.INVALID_JSON, "the message is not JSON at byte " + json.offset() + ": " + json.fault());
    }
  }

  private static void checkHeaders(RecordedEvent event) {
    List<RecordedEvent.Header> headers = event.headers();
    if (headers.size() > HEADERS_MAX) {
      throw refusal(event, ErrorCode.INVALID_ARGUMENT,
          "there are " + headers.size() + " headers; at most " + HEADERS_MAX + " are allowed");
    }
    for (int at = 0; at < headers.size(); ++at) {
      String name = headers.get(at).name();
      if (name.isEmpty() || FlatReader.utf8(name).length > HEADER_NAME_MAX_BYTES) {
        throw refusal(event, ErrorCode.INVALID_ARGUMENT, "header " + (at + 1) + " has no name of 1 to 4096 bytes of UTF-8");
      }
      if (name.equals("ringpost-id")) {
        throw refusal(event, ErrorCode.INVALID_ARGUMENT,
            "header " + (at + 1) + ": the name \"ringpost-id\" is reserved for Ringpost's own");
      }
    }
  }

  private void checkNames(RecordedEvent event) {
    String kafkaId = event.kafkaId();
    String topic = event.topic();
    Map<String, List<String>> known = instances;
    if (!INSTANCE_NAME.matcher(kafkaId).matches()) throw refusal(event, ErrorCode.INVALID_ARGUMENT, instanceFault(kafkaId));
    if (known != null && !known.containsKey(kafkaId)) {
      List<String> names = known.keySet().stream().map(Refusal::quoted).toList();
      throw refusal(event, ErrorCode.UNKNOWN_INSTANCE,
          "there is no such instance; this user may use " + (names.isEmpty() ? "none" : String.join(", ", names)));
    }
    if (!TOPIC_NAME.matcher(topic).matches() || topic.equals(".") || topic.equals("..")) {
      throw refusal(event, ErrorCode.INVALID_ARGUMENT, Refusal.quoted(topic)
          + " is no topic name (1 to 249 of letters, digits, '.', '_' and '-', and neither \".\" nor \"..\")");
    }
    if (known != null && known.get(kafkaId).stream().noneMatch(pattern -> isListed(pattern, topic))) {
      throw refusal(event, ErrorCode.UNKNOWN_TOPIC,
          "the topic is not on the instance's list; the administrator's `topics` decides");
    }
  }

  private static String instanceFault(String kafkaId) {
    String form = Refusal.quoted(kafkaId) + " is no instance name (1 to 64 lower-case letters and digits)";
    StringBuilder lower = new StringBuilder(kafkaId);
    for (int at = 0; at < lower.length(); ++at) {
      char unit = lower.charAt(at);
      if (unit >= 'A' && unit <= 'Z') lower.setCharAt(at, (char) (unit - 'A' + 'a'));
    }
    return INSTANCE_NAME.matcher(lower).matches() ? form + "; did you mean " + Refusal.quoted(lower.toString()) + "?" : form;
  }

  private static boolean isListed(String pattern, String topic) {
    return pattern.endsWith("*") ? topic.startsWith(pattern.substring(0, pattern.length() - 1)) : topic.equals(pattern);
  }

  private static int sizeOf(byte[] value) {
    return value == null ? 0 : value.length;
  }

  private static PublishException refusal(RecordedEvent event, ErrorCode code, String what) {
    return Refusal.of(event.kafkaId(), event.topic(), code, what, null);
  }

  @Override
  public List<InstanceState> instances() {
    Map<String, List<String>> known = instances;
    if (closed || known == null) return List.of();
    return known.keySet().stream()
        .map(name -> new InstanceState(name, Optional.ofNullable(refusing), true, 0, 0, 0, 0, maxEventBytes, 0, 0, 0, 0))
        .toList();
  }

  @Override
  public void close() {
    closed = true;
  }
}
