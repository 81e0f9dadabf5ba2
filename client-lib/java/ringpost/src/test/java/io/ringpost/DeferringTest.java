package io.ringpost;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringpost.testing.Daemon;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Checked at the call, published later. */
class DeferringTest {
  private final List<Event> later = new ArrayList<>();

  private ErrorCode refused(Ringpost ringpost, Event event) {
    return assertThrows(PublishException.class, () -> ringpost.publish(event)).code();
  }

  @Test
  void anEventIsCopiedWhole() {
    Recording target = Ringpost.recording();
    Event event = new Event("kafkaid", "t").message("{\"a\":\"\u017c\"}").key(new byte[] {1, -1}).header("h", "v").header("n", (byte[]) null);
    Ringpost.deferring(target, later::add).publish(event);
    event.message("2").key("other").clearHeaders();
    assertEquals(0, target.events().size());
    target.publish(later.get(0));
    RecordedEvent arrived = target.events().get(0);
    assertEquals("{\"a\":\"\u017c\"}", arrived.message());
    assertArrayEquals(new byte[] {1, -1}, arrived.key());
    assertEquals("[h v, n null]", arrived.headers().stream().map(header -> header.name() + " " + header.text()).toList().toString());
  }

  @Test
  void whatCanBeSaidAtOnceIs() throws Exception {
    Ringpost local = Ringpost.deferring(Ringpost.recording().withInstances(Map.of("kafkaid", List.of("t"))), later::add);
    assertEquals(ErrorCode.INVALID_JSON, refused(local, new Event("kafkaid", "t").message("{")));
    assertEquals(ErrorCode.INVALID_ARGUMENT, refused(local, new Event("kafkaid", "a b").message("1")));
    assertEquals(ErrorCode.UNKNOWN_INSTANCE, refused(local, new Event("other", "t").message("1")));
    assertEquals(ErrorCode.INVALID_ARGUMENT, refused(local, null));
    Ringpost disabled = Ringpost.disabled();
    assertSame(disabled, Ringpost.deferring(disabled, later::add));
    String off = Daemon.ONE_TOPIC + "max_event_size = \"4KiB\"\n[instance.off]\nbrokers = \"embedded\"\ntopics = [\"*\"]\nenabled = false\n";
    try (Daemon daemon = Daemon.start(off); Ringpost target = Ringpost.open(new Options().socketPath(daemon.socket()))) {
      Ringpost deferring = Ringpost.deferring(target, later::add);
      assertEquals(ErrorCode.DISABLED, refused(deferring, new Event("off", "t").message("1")));
      assertEquals(ErrorCode.MESSAGE_TOO_LARGE, refused(deferring, new Event("kafkaid", "topicName").message("\"" + "x".repeat(5000) + "\"")));
      assertEquals(0, later.size());
      deferring.publish(new Event("kafkaid", "topicName").message("1"));
      assertEquals(0, daemon.status().accepted());
      target.publish(later.get(0));
      daemon.delivered(1);
      deferring.close();
      assertThrows(IllegalStateException.class, () -> deferring.publish(new Event("kafkaid", "topicName").message("1")));
    }
  }
}
