package io.ringpost.graaljs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.BufferFullException;
import io.ringpost.ErrorCode;
import io.ringpost.Options;
import io.ringpost.PublishException;
import io.ringpost.Recording;
import io.ringpost.Ringpost;
import io.ringpost.testing.Daemon;
import io.ringpost.testing.Record;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.graalvm.polyglot.Context;
import org.graalvm.polyglot.Engine;
import org.graalvm.polyglot.HostAccess;
import org.graalvm.polyglot.PolyglotException;
import org.junit.jupiter.api.Test;

/** Contexts of several threads on one engine and one handle; several handles in a context; contexts that are not as usual. */
class ContextsTest {
  private static final int THREADS = 8;
  private static final int EVENTS = 500;

  private static Context context(Engine engine) {
    return Context.newBuilder("js").engine(engine).allowHostAccess(HostAccess.NONE).build();
  }

  private static List<Long> inThreads(Engine engine, Ringpost ringpost, String script) throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(THREADS);
    List<Future<Long>> futures = new ArrayList<>();
    for (int thread = 0; thread < THREADS; ++thread) {
      String key = "order-" + thread;
      futures.add(pool.submit(() -> {
        try (Context context = context(engine)) {
          RingpostApi.install(context, ringpost);
          context.getBindings("js").putMember("key", key);
          return context.eval("js", script).asLong();
        }
      }));
    }
    List<Long> results = new ArrayList<>();
    for (Future<Long> future : futures) results.add(future.get());
    pool.shutdown();
    return results;
  }

  @Test
  void threadsKeepTheOrderOfTheirKeys() throws Exception {
    try (Engine engine = GraalScripts.engine(); Daemon daemon = Daemon.start(Daemon.ONE_TOPIC);
        Ringpost ringpost = Ringpost.open(new Options().socketPath(daemon.socket()))) {
      inThreads(engine, ringpost, """
          for (var n = 0; n < %d; ) {
            try { api.events.v1.publishAsync('kafkaid', 'topicName', {n: n}, key, {h: key}); ++n; } catch (e) { if (!e.retryable) throw e; }
          }
          n""".formatted(EVENTS));
      daemon.delivered(THREADS * EVENTS);
      Map<String, Integer> next = new HashMap<>();
      for (Record record : daemon.consume("topicName")) {
        int expected = next.merge(record.keyText(), 1, Integer::sum) - 1;
        assertEquals("{\"n\":" + expected + "}", record.text(), record.keyText());
      }
      assertEquals(THREADS, next.size());
      next.forEach((key, count) -> assertEquals(EVENTS, count, key));
    }
  }

  @Test
  void closedWhileScriptsPublish() throws Exception {
    try (Engine engine = GraalScripts.engine(); Daemon daemon = Daemon.start(Daemon.ONE_TOPIC)) {
      Ringpost ringpost = Ringpost.open(new Options().socketPath(daemon.socket()));
      Thread closing = new Thread(() -> {
        try {
          while (daemon.status().accepted() < 200) Thread.sleep(1);
        } catch (Exception error) {
          throw new IllegalStateException(error);
        }
        ringpost.close();
      });
      closing.start();
      List<Long> accepted = inThreads(engine, ringpost, """
          for (var n = 0; ; ) {
            try { api.events.v1.publishAsync('kafkaid', 'topicName', n, key); ++n; } catch (e) {
              if (e.retryable) continue;
              if (e.code !== 'INVALID_ARGUMENT' || e.message.indexOf('was closed') < 0) throw e;
              break;
            }
          }
          n""");
      closing.join();
      daemon.delivered(accepted.stream().mapToLong(Long::longValue).sum());
    }
  }

  @Test
  void aContextMayHaveSeveralHandles() {
    Recording one = Ringpost.recording();
    Recording two = Ringpost.recording();
    try (Engine engine = GraalScripts.engine(); Context context = context(engine)) {
      RingpostApi.install(context, one);
      context.getBindings("js").putMember("other", RingpostApi.create(context, two));
      context.getBindings("js").putMember("host", List.of(Map.of("a", 1)));
      context.eval("js", "api.events.v1.publishAsync('kafkaid', 't', host); other.events.v1.publishAsync('kafkaid', 't', [host])");
      assertEquals("[{\"a\":1}]", one.events().get(0).message());
      assertEquals("[[{\"a\":1}]]", two.events().get(0).message());
      assertThrows(PolyglotException.class, () -> RingpostApi.install(context, two));
    }
  }

  /** The usual way to write it: the exception leaves the block, and the context is closed then. */
  @Test
  void theTypedExceptionIsFoundWhenTheContextIsClosed() {
    Recording recording = Ringpost.recording();
    recording.refuseWith(ErrorCode.BUFFER_FULL);
    try (Engine engine = GraalScripts.engine(); Context context = context(engine)) {
      RingpostApi.install(context, recording);
      context.eval("js", "api.events.v1.publishAsync('kafkaid', 't', 1)");
    } catch (PolyglotException uncaught) {
      PublishException found = PublishException.from(uncaught).orElseThrow();
      assertEquals(BufferFullException.class, found.getClass());
      assertEquals("publishAsync(\"kafkaid\", \"t\"): this recording was told to refuse. The event was not queued; retry later.", found.getMessage());
      return;
    }
    throw new AssertionError("it was accepted");
  }

  @Test
  void nashornsWaysAndStrictModeChangeNothing() {
    Recording recording = Ringpost.recording();
    for (String option : new String[] {"js.nashorn-compat", "js.strict", "js.commonjs-require"}) {
      recording.events().clear();
      try (Context context = unusual(option, "true").option("js.ecmascript-version", "2022").build()) {
        RingpostApi.install(context, recording);
        context.getBindings("js").putMember("host", Map.of("day", java.time.LocalDate.EPOCH));
        context.eval("js", "api.events.v1.publishAsync('kafkaid', 't', {host: host, n: 1}, 'k', {h: 'v'})");
      }
      assertEquals("{\"host\":{\"day\":\"1970-01-01\"},\"n\":1}", recording.events().get(0).message(), option);
    }
  }

  @Test
  void aContextThatWillNotDoSaysWhy() {
    Map<String, String> options = Map.of("js.foreign-object-prototype", "false", "js.nashorn-compat", "true", "js.ecmascript-version", "5");
    options.forEach((name, value) -> {
      try (Context context = unusual(name, value).build()) {
        IllegalStateException error = assertThrows(IllegalStateException.class, () -> RingpostApi.install(context, Ringpost.recording()));
        assertTrue(error.getMessage().contains(name), error.getMessage());
      }
    });
  }

  private static Context.Builder unusual(String option, String value) {
    return Context.newBuilder("js").allowAllAccess(true).allowExperimentalOptions(true).option("engine.WarnInterpreterOnly", "false").option(option, value);
  }
}
