package io.ringpost.rhino;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringpost.Options;
import io.ringpost.Ringpost;
import io.ringpost.testing.Daemon;
import io.ringpost.testing.scripts.HostileCases;
import io.ringpost.testing.scripts.Scripts;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.ContextFactory;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.ScriptableObject;

/** Scripts that mean no good, or don't know better. */
class HostileScriptsTest extends HostileCases {
  private final RhinoScripts rhino = (RhinoScripts) scripts;

  @Override
  protected Scripts scripts(Ringpost ringpost) {
    return new RhinoScripts(ringpost);
  }

  @Override
  protected Scripts withoutJava(Ringpost ringpost) {
    RhinoScripts safe = new RhinoScripts(ringpost);
    for (String name : new String[] {"java", "Packages", "javax", "org", "com", "edu", "net", "getClass", "JavaAdapter", "JavaImporter"}) {
      safe.scope.delete(name);
    }
    return safe;
  }

  @Override
  protected Scripts onTheStack(Ringpost ringpost) {
    return new RhinoScripts(ringpost, 9, Context.VERSION_ES6);
  }

  /** A host's time limit, which is an Error that no script catches, inside toJSON: nothing was enqueued, and the next call works. */
  @Test
  void cutOffInsideTheCallLosesNothing() throws Exception {
    final class CutOff extends Error {
      private static final long serialVersionUID = 1;
    }
    ContextFactory limited = new ContextFactory() {
      @Override
      protected Context makeContext() {
        Context context = super.makeContext();
        context.setOptimizationLevel(-1);
        context.setInstructionObserverThreshold(10_000);
        return context;
      }

      @Override
      protected void observeInstructionCount(Context context, int count) {
        throw new CutOff();
      }
    };
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC); Ringpost ringpost = Ringpost.open(new Options().socketPath(daemon.socket()))) {
      RhinoScripts shared = new RhinoScripts(ringpost);
      for (int time = 0; time < 20; ++time) {
        assertThrows(CutOff.class, () -> limited.call(context -> context.evaluateString(shared.scope, """
            try {
              api.events.v1.publishAsync("kafkaid", "topicName", {toJSON: function () { for (;;); }});
            } catch (e) {}""", "endless.js", 1, null)));
      }
      shared.evaluate("api.events.v1.publishAsync('kafkaid', 'topicName', 'after')");
      daemon.delivered(1);
    }
  }

  /** One sealed scope for all, a scope of its own with a Context of its own for each thread. */
  @Test
  void aSharedSealedScopeServesManyThreads() throws Exception {
    ScriptableObject shared = rhino.within(context -> {
      ScriptableObject fresh = context.initStandardObjects(null, true);
      RingpostApi.install(context, fresh, recording);
      fresh.sealObject();
      return fresh;
    });
    AtomicInteger failures = new AtomicInteger();
    Thread[] threads = new Thread[8];
    for (int thread = 0; thread < threads.length; ++thread) {
      String key = "key-" + thread;
      threads[thread] = new Thread(() -> rhino.within(context -> {
        Scriptable own = context.newObject(shared);
        own.setPrototype(shared);
        own.setParentScope(null);
        Object outcome = context.evaluateString(own, "for (var n = 0; n < 500; ++n) " + PUBLISH + "{n: n}, '" + key + "'); try { " + PUBLISH
            + "undefined) } catch (e) { e instanceof Error && e.code }", "thread.js", 1, null);
        if (!outcome.equals("INVALID_JSON")) failures.incrementAndGet();
        return null;
      }));
      threads[thread].start();
    }
    for (Thread thread : threads) thread.join();
    assertEquals(0, failures.get());
    assertEquals(4000, recording.events().size());
  }

  @Test
  void aClassShutterAndEs5ChangeNothing() {
    ContextFactory shut = new ContextFactory() {
      @Override
      protected Context makeContext() {
        Context context = super.makeContext();
        context.setLanguageVersion(Context.VERSION_1_8);
        context.setClassShutter(name -> false);
        return context;
      }
    };
    Object seen = shut.call(context -> {
      ScriptableObject scope = context.initSafeStandardObjects();
      RingpostApi.install(context, scope, recording);
      return context.evaluateString(scope, PUBLISH + "{a: [1, new Date(0)]}, 'k'); try { " + PUBLISH + "{get a() { null.x }}) } catch (e) { e.cause.name }",
          "es5.js", 1, null);
    });
    assertEquals("TypeError", seen);
    assertEquals(List.of("{\"a\":[1,\"1970-01-01T00:00:00.000Z\"]}"), messages());
  }
}
