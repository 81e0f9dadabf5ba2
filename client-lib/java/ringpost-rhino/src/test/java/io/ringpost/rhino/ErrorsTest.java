package io.ringpost.rhino;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.BufferFullException;
import io.ringpost.ErrorCode;
import io.ringpost.PublishException;
import io.ringpost.Recording;
import io.ringpost.Ringpost;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.RhinoException;

/** What a script sees of an error, and what its host gets. */
class ErrorsTest {
  private final Recording recording = Ringpost.recording();

  private Scripts scripts(int optimisation) {
    return new Scripts(recording, optimisation, Context.VERSION_ES6);
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 0, 9})
  void aScriptCatchesAnErrorOfItsOwn(int optimisation) {
    recording.refuseWith(ErrorCode.BUFFER_FULL);
    Object seen = scripts(optimisation).evaluate("""
        var seen;
        function send() {
          api.events.v1.publishAsync("kafkaid", "orders", {});
        }
        try { send(); } catch (e) {
          seen = [e instanceof Error, e.name, e.code, e.retryable, e.status.code, e.status.message === e.message, String(e).indexOf("PublishError: "),
            Object.keys(e).sort().join(), e.stack.indexOf("script.js:3") >= 0, typeof e.javaException, typeof e.rhinoException, typeof e.getClass];
        }
        seen.join(" ");""");
    assertEquals("true PublishError BUFFER_FULL true 429 true 0 code,retryable,status true undefined undefined undefined", seen);
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "publish()", "try { publish(); } catch (e) { throw e; }", "try { publish(); } finally { var x = 1; }",
      "(function () { try { publish(); } catch (e) { throw e; } }())"})
  void theHostGetsTheTypedOne(String script) {
    recording.refuseWith(ErrorCode.BUFFER_FULL);
    for (int optimisation : new int[] {-1, 9}) {
      Scripts scripts = scripts(optimisation);
      scripts.evaluate("function publish() { api.events.v1.publishAsync('kafkaid', 'orders', {}); }");
      RhinoException thrown = assertThrows(RhinoException.class, () -> scripts.evaluate(script));
      PublishException found = PublishException.from(new RuntimeException(thrown)).orElseThrow();
      assertEquals(BufferFullException.class, found.getClass());
      assertTrue(found.retryable());
      assertTrue(thrown.getMessage().contains("script.js#1"), thrown.getMessage());
    }
    assertTrue(PublishException.from(assertThrows(RhinoException.class, () -> scripts(-1).evaluate("throw new Error('own')"))).isEmpty());
  }

  @Test
  void whatTheScriptThrewIsTheCause() {
    Object same = scripts(-1).evaluate("""
        var thrown = {};
        try { api.events.v1.publishAsync("kafkaid", "orders", {toJSON: function () { throw thrown; }}); } catch (e) { e.cause === thrown; }""");
    assertSame(Boolean.TRUE, same);
  }

  @Test
  void aDisabledAndAClosedHandle() {
    String source = "try { api.events.v1.publishAsync('kafkaid', 'orders', {}); } catch (e) { e.code + ' ' + e.message }";
    assertTrue(new Scripts(Ringpost.disabled()).evaluate(source).toString().startsWith("DISABLED publishAsync(\"kafkaid\", \"orders\"): publishing is"));
    Ringpost closed = Ringpost.recording();
    closed.close();
    assertEquals("INVALID_ARGUMENT publishAsync(\"kafkaid\", \"orders\"): this Ringpost was closed; Ringpost.open() makes another one. "
        + "The event was not queued.", new Scripts(closed).evaluate(source));
  }
}
