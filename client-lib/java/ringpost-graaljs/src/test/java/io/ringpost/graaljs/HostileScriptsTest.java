package io.ringpost.graaljs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.Options;
import io.ringpost.Ringpost;
import io.ringpost.testing.Daemon;
import io.ringpost.testing.scripts.HostileCases;
import io.ringpost.testing.scripts.Scripts;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.graalvm.polyglot.Context;
import org.graalvm.polyglot.PolyglotException;
import org.graalvm.polyglot.ResourceLimits;
import org.graalvm.polyglot.proxy.ProxyExecutable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostileScriptsTest extends HostileCases {
  @Override
  protected Scripts scripts(Ringpost ringpost) {
    return new GraalScripts(ringpost);
  }

  @Override
  protected Scripts withoutJava(Ringpost ringpost) {
    return scripts(ringpost);
  }

  @Override
  protected Scripts onTheStack(Ringpost ringpost) {
    return scripts(ringpost);
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "var api = {}; api.x", "globalThis.api = 1", "delete globalThis.api", "Object.defineProperty(globalThis, 'api', {value: 1})",
      "'use strict'; api.events.v1.publishAsync = () => {}", "Object.prototype.value = () => {}; Object.prototype.get = () => {}",
      "Array.prototype[Symbol.iterator] = null; Function.prototype.call = Function.prototype.bind = Reflect.apply = null",
      "Object.defineProperty(Array.prototype, 0, {set() { throw 1 }}); Object.defineProperty(Array.prototype, 'length', {value: 0})",
      "Object.setPrototypeOf(Object.prototype, null)", "WeakSet.prototype.has = WeakSet.prototype.add = null; RangeError.prototype.name = 1",
      "Object.getPrototypeOf(host).toJSON = () => 'taken'", "delete Object.getPrototypeOf(host).toJSON",
      "Object.defineProperty(Object.getPrototypeOf(host), 'toJSON', {get() { return null }})"})
  void whatAScriptDoesChangesNothingForTheNextOne(String attempt) {
    scripts.give("host", Map.of("a", List.of(1)));
    scripts.evaluate("try { " + attempt + " } catch (e) {}");
    scripts.evaluate(PUBLISH + "{b: host, c: [new Date(0)]}, 'k', {h: 'v', n: [1, true]})");
    assertEquals(List.of("{\"b\":{\"a\":[1]},\"c\":[\"1970-01-01T00:00:00.000Z\"]}"), messages());
    assertEquals(3, recording.events().get(0).headers().size());
    assertEquals("INVALID_ARGUMENT", scripts.evaluate("try { " + PUBLISH + "1, {}) } catch (e) { e.code }"));
  }

  /** Outside of publishAsync the engine's own ways with Java values stay as they are. */
  @Test
  void theScriptsOwnStringifyIsAsItWas() {
    Map<String, Object> values = Map.of("map", Map.of("a", 1), "list", List.of(1), "date", new java.util.Date(0), "day", java.time.LocalDate.EPOCH);
    for (Scripts with : GraalScripts.inAllModes(recording)) {
      Context plain = ((GraalScripts) with).context;
      Context.Builder builder = Context.newBuilder("js").option("engine.WarnInterpreterOnly", "false");
      try (Context without = plain.getPolyglotBindings() != null && with.evaluate("typeof Java").equals("undefined") ? builder.build()
          : builder.allowAllAccess(true).build()) {
        values.forEach((name, value) -> {
          with.give(name, value);
          without.getBindings("js").putMember(name, value);
          String source = "JSON.stringify({a: [" + name + "]})";
          assertEquals(without.eval("js", source).toString(), with.evaluate(source), name);
        });
      }
    }
  }

  @Test
  void aHostsExceptionDoesNotReachTheScript() {
    GraalScripts all = (GraalScripts) GraalScripts.inAllModes(recording).get(1);
    all.give("bean", new Object());
    all.give("throwing", new java.util.AbstractList<Object>() {
      @Override
      public Object get(int index) {
        throw new IllegalStateException("secret");
      }

      @Override
      public int size() {
        return 1;
      }
    });
    for (String call : new String[] {"bean", "throwing", "1, bean", "1, {}", "1, null, {h: bean}", "{toJSON() { return JSON.stringify([bean]) }}",
        "{get a() { return JSON.stringify(throwing) }}"}) {
      assertEquals("undefined undefined true", all.evaluate("try { " + PUBLISH + call
          + ") } catch (e) { var c = e.cause || {}; typeof e.getClass + ' ' + typeof c.getClass + ' ' + (e instanceof Error) }"), call);
    }
    assertTrue(all.evaluate("try { " + PUBLISH + "{a: throwing}) } catch (e) { e.message }").contains(
        " at \"a\": reading it threw java.lang.IllegalStateException"));
  }

  /** What a host does to end a script: no script catches it, nothing was enqueued, and all else goes on. */
  @Test
  void cutOffInsideTheCallLosesNothing() throws Exception {
    String endless = "try { api.events.v1.publishAsync('kafkaid', 'topicName', {toJSON() { inside(); for (;;); }}) } catch (e) {}";
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC); Ringpost ringpost = Ringpost.open(new Options().socketPath(daemon.socket()))) {
      for (int time = 0; time < 5; ++time) {
        GraalScripts closed = new GraalScripts(ringpost);
        CountDownLatch inside = new CountDownLatch(1);
        closed.give("inside", (ProxyExecutable) none -> {
          inside.countDown();
          return null;
        });
        Thread closing = new Thread(() -> {
          try {
            inside.await();
          } catch (InterruptedException error) {
            throw new IllegalStateException(error);
          }
          closed.context.close(true);
        });
        closing.start();
        assertTrue(assertThrows(PolyglotException.class, () -> closed.evaluate(endless)).isCancelled());
        closing.join();
      }
      GraalScripts interrupted = new GraalScripts(ringpost);
      CountDownLatch inside = new CountDownLatch(1);
      interrupted.give("inside", (ProxyExecutable) none -> {
        inside.countDown();
        return null;
      });
      Thread interrupting = new Thread(() -> {
        try {
          inside.await();
          interrupted.context.interrupt(Duration.ofSeconds(60));
        } catch (InterruptedException | java.util.concurrent.TimeoutException error) {
          throw new IllegalStateException(error);
        }
      });
      interrupting.start();
      assertTrue(assertThrows(PolyglotException.class, () -> interrupted.evaluate(endless)).isInterrupted());
      interrupting.join();
      interrupted.evaluate("api.events.v1.publishAsync('kafkaid', 'topicName', 'after')");
      daemon.delivered(1);
    }
  }

  @Test
  void aStatementLimitLosesNothing() {
    ResourceLimits limits = ResourceLimits.newBuilder().statementLimit(1000, source -> !source.isInternal()).build();
    GraalScripts limited = new GraalScripts(recording, Context.newBuilder("js").option("engine.WarnInterpreterOnly", "false").resourceLimits(limits));
    assertTrue(assertThrows(PolyglotException.class,
        () -> limited.evaluate("for (var n = 0; ; ++n) { " + PUBLISH + "{toJSON() { return n; }}, 'k') }")).isResourceExhausted());
    for (int n = 0; n < messages().size(); ++n) assertEquals(String.valueOf(n), messages().get(n));
    assertTrue(messages().size() > 10);
  }

  /** However little of the stack is left: it is enqueued, or the script gets an error of its own. */
  @Test
  void callsNearTheEndOfTheStack() {
    for (Scripts with : GraalScripts.inAllModes(recording)) {
      recording.events().clear();
      with.give("host", Map.of("a", List.of(1)));
      with.evaluate("""
          var accepted = 0, others = [];
          var bodies = [1, {n: [1, [2]]}, host, [{a: 1}, undefined, () => 1], {get a() { return this.a; }}, {toJSON: undefined, a: host}];
          function down(depth) {
            try { api.events.v1.publishAsync('kafkaid', depth % 7 ? 't' : {}, bodies[depth % 6], depth % 5 ? 'k' : 1.5, {h: 'v', l: [1]}); ++accepted; }
            catch (e) { if (!(e instanceof RangeError) && e.name !== 'PublishError') others.push(e); }
            return down(depth + 1) + 1;
          }
          function from(padding, start) { return padding > 0 ? from(padding - 1, start) : down(start); }
          for (var run = 0; run < 2; ++run) {
            try { from(run * 3, run); } catch (e) { if (!(e instanceof RangeError)) throw e; }
          }""");
      assertEquals("", with.evaluate("others.join()"));
      assertEquals(String.valueOf(recording.events().size()), with.evaluate("accepted"));
      assertTrue(recording.events().size() > 100);
    }
  }
}
