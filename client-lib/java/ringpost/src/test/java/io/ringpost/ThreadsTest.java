package io.ringpost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringpost.testing.Daemon;
import io.ringpost.testing.Record;
import io.ringpost.testing.Waiting;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Many threads on one handle; and the handle closed in the middle. */
class ThreadsTest {
  private static final int THREADS = 16;
  private static final int EVENTS = 10_000;
  private static Daemon daemon;

  @BeforeAll
  static void start() throws Exception {
    daemon = Daemon.start(Daemon.ONE_TOPIC);
  }

  @AfterAll
  static void stop() throws Exception {
    daemon.close();
  }

  private static Ringpost open() {
    return Ringpost.open(new Options().socketPath(daemon.socket()));
  }

  private static <T> List<T> together(int threads, Callable<T> work) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(threads);
    try {
      List<Future<T>> futures = new ArrayList<>();
      for (int thread = 0; thread < threads; ++thread) futures.add(pool.submit(work));
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) results.add(future.get());
      return results;
    } finally {
      pool.shutdownNow();
    }
  }

  @Test
  void sixteenThreadsKeepTheOrderOfTheirKeys() throws Exception {
    long before = daemon.status().accepted();
    AtomicLong keys = new AtomicLong();
    try (Ringpost ringpost = open()) {
      together(THREADS, () -> {
        String key = "order-" + keys.getAndIncrement();
        for (int n = 0; n < EVENTS; ++n) Patiently.publish(ringpost, new Event("kafkaid", "topicName").message(String.valueOf(n)).key(key));
        return null;
      });
    }
    daemon.delivered(before + THREADS * EVENTS);
    Map<String, Integer> next = new HashMap<>();
    for (Record record : daemon.consume("topicName")) {
      if (!record.keyText().startsWith("order-")) continue;
      int expected = next.merge(record.keyText(), 1, Integer::sum) - 1;
      assertEquals(String.valueOf(expected), record.text(), record.keyText());
    }
    assertEquals(THREADS, next.size());
    next.forEach((key, count) -> assertEquals(EVENTS, count, key));
  }

  @Test
  void closedWhileOthersPublish() throws Exception {
    long before = daemon.status().accepted();
    AtomicLong accepted = new AtomicLong();
    for (int round = 0; round < 20; ++round) {
      Ringpost ringpost = open();
      AtomicLong calls = new AtomicLong();
      List<Future<Object>> futures = new ArrayList<>();
      ExecutorService pool = Executors.newFixedThreadPool(8);
      for (int thread = 0; thread < 8; ++thread) {
        futures.add(pool.submit(() -> {
          Event event = new Event("kafkaid", "topicName").message("1").key("closing");
          try {
            for (;;) {
              Patiently.publish(ringpost, event);
              accepted.incrementAndGet();
              calls.incrementAndGet();
            }
          } catch (IllegalStateException closed) {
            return closed.getMessage();
          }
        }));
      }
      Waiting.until(() -> calls.get() > 200, () -> "calls: " + calls);
      together(3, () -> {
        ringpost.close();
        return null;
      });
      for (Future<Object> future : futures) {
        assertEquals("publishAsync(\"kafkaid\", \"topicName\"): this Ringpost was closed; Ringpost.open() makes another one. "
            + "The event was not queued.", future.get());
      }
      pool.shutdown();
      assertEquals(List.of(), ringpost.instances());
      ringpost.close();
    }
    daemon.delivered(before + accepted.get());
    Waiting.until(() -> daemon.status().clients() == 0, () -> "clients are left");
  }

  @Test
  void handlesThatAreClosedAreNotTheNextOnes() throws Exception {
    List<Ringpost> closed = new ArrayList<>();
    for (int round = 0; round < 300; ++round) {
      Ringpost ringpost = open();
      ringpost.publish(new Event("kafkaid", "topicName").message("1").key("many"));
      ringpost.close();
      closed.add(ringpost);
    }
    try (Ringpost last = open()) {
      for (Ringpost ringpost : closed) {
        assertThrows(IllegalStateException.class,
            () -> ringpost.publish(new Event("kafkaid", "topicName").message("1")));
        ringpost.close();
      }
      last.publish(new Event("kafkaid", "topicName").message("1").key("many"));
    }
  }
}
