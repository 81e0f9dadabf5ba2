package io.ringpost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.testing.Daemon;
import io.ringpost.testing.Record;
import io.ringpost.testing.Waiting;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** The daemon away, restarted, killed; sockets that are none. */
class AvailabilityTest {
  private static Options options(String socket) {
    return new Options().socketPath(socket).connectTimeout(Duration.ofMillis(50));
  }

  @Test
  void noDaemonIsSaidWithThePath() throws Exception {
    Path folder = Files.createTempDirectory("ringpost-");
    String missing = folder.resolve("nobody.sock").toString();
    DaemonUnavailableException error = assertThrows(DaemonUnavailableException.class, () -> Ringpost.open(options(missing)));
    assertTrue(error.getMessage().contains(missing), error.getMessage());
    assertEquals(503, error.status());
    assertTrue(error.retryable());

    Path file = Files.writeString(folder.resolve("file"), "no socket");
    error = assertThrows(DaemonUnavailableException.class, () -> Ringpost.open(options(file.toString())));
    assertTrue(error.getMessage().contains(file.toString()), error.getMessage());

    error = assertThrows(DaemonUnavailableException.class, () -> Ringpost.open(options("/" + "x".repeat(200))));
    assertTrue(error.getMessage().contains("a socket's path has 1 to 107 bytes"), error.getMessage());
    Files.delete(file);
    Files.delete(folder);
  }

  @Test
  void aHandleThatDoesNotWaitFindsTheDaemonLater() throws Exception {
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC)) {
      daemon.stop("TERM");
      try (Ringpost ringpost = Ringpost.open(new Options().socketPath(daemon.socket()).connectTimeout(Duration.ZERO))) {
        Event event = new Event("kafkaid", "topicName").message("1");
        assertThrows(DaemonUnavailableException.class, () -> ringpost.publish(event));
        assertEquals(List.of(), ringpost.instances());
        daemon.startAgain();
        Waiting.until(() -> codeOf(ringpost, event) == null, () -> "not accepted");
        daemon.delivered(1);
      }
    }
  }

  @Test
  void wrongOptionsAreRefusedByName() {
    List<Runnable> wrong = List.of(() -> new Options().socketPath(""), () -> new Options().socketPath(null),
        () -> new Options().clientName("a\0b"), () -> new Options().connectTimeout(Duration.ofMillis(-1)),
        () -> new Options().connectTimeout(Duration.ofDays(100)), () -> Ringpost.open(null));
    for (Runnable call : wrong) {
      PublishException error = assertThrows(PublishException.class, call::run);
      assertEquals(ErrorCode.INVALID_ARGUMENT, error.code());
      assertTrue(error.getMessage().startsWith("open: "), error.getMessage());
    }
  }

  private static ErrorCode codeOf(Ringpost ringpost, Event event) {
    try {
      ringpost.publish(event);
      return null;
    } catch (PublishException error) {
      return error.code();
    }
  }

  /** Without a keeper calls say so while nobody is there; with one no call fails. What arrives is in order in any case. */
  private static void restartUnderLoad(boolean withKeeper, String signal) throws Exception {
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC + "partitions = 1\n", List.of("kafkaid"), withKeeper);
        Ringpost ringpost = Ringpost.open(new Options().socketPath(daemon.socket()))) {
      Map<ErrorCode, Integer> refused = new EnumMap<>(ErrorCode.class);
      int[] accepted = new int[1];
      AtomicBoolean over = new AtomicBoolean();
      Thread load = new Thread(() -> {
        for (int n = 0; !over.get(); ++n) {
          ErrorCode code = codeOf(ringpost, new Event("kafkaid", "topicName").message(String.valueOf(n)).key("key"));
          if (code == null) ++accepted[0];
          else refused.merge(code, 1, Integer::sum);
          LockSupport.parkNanos(100_000);
        }
      });
      load.start();
      try {
        Waiting.until(() -> accepted[0] > 500, () -> "accepted: " + accepted[0]);
        daemon.stop(signal);
        int then = accepted[0];
        if (withKeeper) Waiting.until(() -> accepted[0] > then + 500, () -> "refused: " + refused);
        daemon.startAgain();
        int after = accepted[0];
        Waiting.until(() -> accepted[0] > after + 500, () -> "refused: " + refused);
      } finally {
        over.set(true);
        load.join();
      }
      Set<ErrorCode> expected = withKeeper ? Set.of() : Set.of(ErrorCode.DAEMON_UNAVAILABLE, ErrorCode.NOT_CONNECTED);
      assertTrue(expected.containsAll(refused.keySet()), refused.toString());
      if (!withKeeper) assertTrue(refused.containsKey(ErrorCode.DAEMON_UNAVAILABLE));
      Waiting.until(() -> daemon.status().waiting() == 0, () -> "something waits");
      long last = -1;
      for (Record record : daemon.consume("topicName")) {
        long number = Long.parseLong(record.text());
        assertTrue(number > last, number + " after " + last);
        last = number;
      }
      assertTrue(last > 500);
    }
  }

  @Test
  void killedUnderLoad() throws Exception {
    restartUnderLoad(false, "KILL");
  }

  @Test
  void restartedUnderLoadWithAKeeper() throws Exception {
    restartUnderLoad(true, "TERM");
  }
}
