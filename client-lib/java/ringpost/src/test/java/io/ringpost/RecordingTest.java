package io.ringpost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What needs neither daemon nor native library. */
class RecordingTest {
  @Test
  void keepsWhatItAccepted() {
    Recording recording = Ringpost.recording().withInstances(Map.of("kafkaid", List.of("orders", "crm.*")));
    recording.publish(new Event("kafkaid", "crm.x").message("{\"id\":1}").key("k").header("h", "v").header("n", (byte[]) null));
    RecordedEvent event = recording.events().get(0);
    assertEquals("{\"id\":1}", event.message());
    assertEquals("k", event.keyText());
    assertEquals("v", event.headers().get(0).text());
    assertNull(event.headers().get(1).text());
    assertEquals("kafkaid", recording.instances().get(0).name());
    assertEquals("there is no such instance; this user may use \"kafkaid\"",
        saidOf(recording, new Event("other", "orders").message("1")));
  }

  private static String saidOf(Ringpost ringpost, Event event) {
    String message = assertThrows(PublishException.class, () -> ringpost.publish(event)).getMessage();
    return message.replaceAll("^publishAsync\\([^)]*\\): |\\. The event was not queued\\.$", "");
  }

  @Test
  void refusesWithTheCodeThatItIsTold() {
    Recording recording = Ringpost.recording();
    Event event = new Event("kafkaid", "orders").message("1");
    for (ErrorCode code : ErrorCode.values()) {
      recording.refuseWith(code);
      PublishException error = assertThrows(PublishException.class, () -> recording.publish(event));
      assertEquals(code, error.code());
      assertEquals(code == ErrorCode.BUFFER_FULL, error instanceof BufferFullException);
      assertEquals(code == ErrorCode.NOT_CONNECTED, error instanceof NotConnectedException);
      assertEquals(code == ErrorCode.DAEMON_UNAVAILABLE, error instanceof DaemonUnavailableException);
      assertEquals(error.retryable(), error.getMessage().endsWith("The event was not queued; retry later."));
    }
    recording.refuseWith(null);
    recording.publish(event);
    assertEquals(1, recording.events().size());
    recording.close();
    assertThrows(IllegalStateException.class, () -> recording.publish(event));
  }

  @Test
  void disabledRefusesEverythingAndNeedsNothing() {
    try (Ringpost disabled = Ringpost.disabled()) {
      for (Event event : new Event[] {new Event("kafkaid", "orders").message("1"), new Event(null, null), null}) {
        PublishException error = assertThrows(PublishException.class, () -> disabled.publish(event));
        assertEquals(ErrorCode.DISABLED, error.code());
        assertEquals(403, error.status());
        assertTrue(error.getMessage().contains("publishing is switched off for this deployment; ask the administrator"));
      }
      assertEquals(List.of(), disabled.instances());
    }
  }
}
