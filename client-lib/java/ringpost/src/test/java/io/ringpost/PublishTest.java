package io.ringpost;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.testing.Daemon;
import io.ringpost.testing.Record;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is published arrives as it was; what is refused is refused in the same words with a daemon and in the recording. */
class PublishTest {
  private static final String CONFIGURATION = """
      [instance.kafkaid]
      brokers = "embedded"
      partitions = 1
      topics = ["topicName", "fuzz", "exact"]
      max_event_size = "64KiB"
      """;
  private static Daemon daemon;
  private static Ringpost ringpost;

  @BeforeAll
  static void start() throws Exception {
    daemon = Daemon.start(CONFIGURATION);
    ringpost = Ringpost.open(new Options().socketPath(daemon.socket()).clientName("PublishTest"));
  }

  @AfterAll
  static void stop() throws Exception {
    ringpost.close();
    daemon.close();
  }

  private static Event event() {
    return new Event("kafkaid", "topicName").message("{}");
  }

  private static Event exact() {
    return new Event("kafkaid", "exact");
  }

  private static PublishException refused(Event event) {
    return assertThrows(PublishException.class, () -> ringpost.publish(event));
  }

  @Test
  void keyHeadersAndMessageArriveAsTheyWere() throws Exception {
    long before = daemon.status().accepted();
    byte[] raw = {0, (byte) 0xff, 'A'};
    ringpost.publish(exact().message("{\"z\":\"\u017c \ud83d\udc18\"}").key("\u017c\ud83d\udc18\0").header("a", "\u20ac").header("a", raw));
    ringpost.publish(exact().message("[1]".getBytes(UTF_8)).key(raw).header("none", (String) null).header("empty", ""));
    ringpost.publish(exact().message("\"\ud800x\udc00\"").key(""));
    ringpost.publish(exact().message("1e400"));
    daemon.delivered(before + 4);
    Map<String, Record> byText = new HashMap<>();  // events without a key, or of several keys, have no order
    for (Record record : daemon.consume("exact")) byText.put(record.text(), record);
    List<Record> records = new ArrayList<>();
    for (String text : new String[] {"{\"z\":\"\u017c \ud83d\udc18\"}", "[1]", "\"\\ud800x\\udc00\"", "1e400"}) records.add(byText.get(text));

    assertEquals("\u017c\ud83d\udc18\0", records.get(0).keyText());
    assertEquals("a", records.get(0).headers().get(0).name());
    assertEquals("\u20ac", new String(records.get(0).headers().get(0).value(), UTF_8));
    assertArrayEquals(raw, records.get(0).headers().get(1).value());
    assertArrayEquals(raw, records.get(1).key());
    assertNull(records.get(1).headers().get(0).value());
    assertEquals(0, records.get(1).headers().get(1).value().length);
    assertEquals("", records.get(2).keyText());
    assertNull(records.get(3).key());
  }

  @Test
  void anErrorHasCodeStatusAndWordsAndShowsNoPayload() {
    PublishException error = refused(event().message("{secret").key("private").header("name", "hidden"));
    assertEquals(ErrorCode.INVALID_JSON, error.code());
    assertEquals(400, error.status());
    assertEquals(false, error.retryable());
    assertEquals("publishAsync(\"kafkaid\", \"topicName\"): the message is not JSON at byte 1: an unexpected character. The event was not queued.",
        error.getMessage());
    assertEquals(ErrorCode.UNKNOWN_INSTANCE, refused(new Event("other", "topicName").message("1")).code());
    assertEquals(ErrorCode.UNKNOWN_TOPIC, refused(new Event("kafkaid", "invoices").message("1")).code());
    assertEquals(ErrorCode.MESSAGE_TOO_LARGE, refused(event().message("\"" + "x".repeat(65536) + "\"")).code());
    assertEquals(error, PublishException.from(new RuntimeException(new IllegalStateException(error))).orElseThrow());
    assertTrue(PublishException.from(new RuntimeException()).isEmpty());
    assertTrue(PublishException.from(null).isEmpty());
  }

  @Test
  void nullsAndLoneSurrogatesAreRefusedByName() {
    Map<String, Event> bySaying = Map.of(
        "publishAsync: the event is null", new Event(null, null),
        "publishAsync: the instance's name is null; it must be a string", new Event(null, "t").message("1"),
        "publishAsync(\"kafkaid\"): the topic is null; it must be a string", new Event("kafkaid", null).message("1"),
        "the message is null; for a JSON null pass the text null", new Event("kafkaid", "topicName"),
        "the key has a lone surrogate, which UTF-8 can't say", event().key("a\ud800"),
        "the header \"h\" has a lone surrogate, which UTF-8 can't say", event().header("h", "x".repeat(5000) + "\udc00"),
        "the name of the header \"n?\" has a lone surrogate", event().header("n\ud800", ""),
        "the name of the header \"a?b\" has a zero character", event().header("a\0b", ""),
        "the name of a header is null", event().header(null, ""));
    bySaying.forEach((says, event) -> {
      PublishException error = refused(says.endsWith("the event is null") ? null : event);
      assertEquals(ErrorCode.INVALID_ARGUMENT, error.code());
      assertTrue(error.getMessage().contains(says), error.getMessage());
    });
  }

  /** Random events, broken in random ways: the daemon's library and the recording say the same of each, word for word. */
  @Test
  void theRecordingSaysWhatTheLibrarySays() throws Exception {
    Recording recording = Ringpost.recording().withMaxEventBytes(64 * 1024).withInstances(Map.of("kafkaid", List.of("topicName", "fuzz")));
    Random random = new Random(20261129);
    long before = daemon.status().accepted();
    int refused = 0;
    for (int n = 0; n < 20_000; ++n) {
      Event event = RandomEvents.next(random);
      String expected = outcome(recording, event);
      assertEquals(expected, outcome(ringpost, event));
      if (!expected.isEmpty()) ++refused;
      if (n % 4096 == 0) daemon.delivered(before + recording.events().size());
    }
    assertTrue(refused > 2000 && recording.events().size() > 2000, refused + " refused, " + recording.events().size());
    daemon.delivered(before + recording.events().size());
    List<Record> arrived = daemon.consume("fuzz");
    List<String> expected = new ArrayList<>();
    for (RecordedEvent event : recording.events()) if (event.topic().equals("fuzz")) expected.add(event.message() + event.keyText());
    assertEquals(expected.stream().sorted().toList(), arrived.stream().map(record -> record.text() + record.keyText()).sorted().toList());
  }

  private static String outcome(Ringpost ringpost, Event event) throws InterruptedException {
    try {
      Patiently.publish(ringpost, event);
      return "";
    } catch (PublishException error) {
      return error.code() + " " + error.getMessage();
    }
  }

  @Test
  void aPublishLeavesNoGarbage() throws Exception {
    com.sun.management.ThreadMXBean threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    byte[] message = "{\"id\":\"123\",\"list\":[1,2,3]}".getBytes(UTF_8);
    Event event = event().message(message).key("key").header("header1", "header1-value");
    long accepted = daemon.status().accepted();
    long allocated = 0;
    int calls = 0;
    for (int round = 0; round < 20; ++round) {
      long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
      for (int n = 0; n < 1000; ++n) ringpost.publish(n % 2 == 0 ? event.message(message) : event.message("[\"text\"]"));
      if (round > 0) allocated += threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
      calls += 1000;
      daemon.delivered(accepted + calls);
    }
    assertTrue(allocated < calls, allocated + " bytes in " + calls + " calls");
  }

  @Test
  void instancesShowTheState() {
    InstanceState state = ringpost.instances().get(0);
    assertEquals("kafkaid", state.name());
    assertTrue(state.refusedWith().isEmpty());
    assertTrue(state.connected());
    assertEquals(64 * 1024, state.maxEventBytes());
    assertTrue(state.roomBytes() >= state.largestRoomBytes() && state.lanes() <= state.lanesMax());
  }
}
