package io.ringpost.testing.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.BufferFullException;
import io.ringpost.ErrorCode;
import io.ringpost.PublishException;
import io.ringpost.Recording;
import io.ringpost.Ringpost;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a script sees of an error, and what its host gets. */
public abstract class ErrorsCases {
  private final Recording recording = Ringpost.recording();

  /** One in each mode of the engine. */
  protected abstract List<Scripts> inAllModes(Ringpost ringpost);

  /** Where in the script the engine says that it was thrown: script.js:1. */
  protected abstract String placeOf(RuntimeException thrown);

  private Scripts scripts(Ringpost ringpost) {
    return inAllModes(ringpost).get(0);
  }

  @Test
  void aScriptCatchesAnErrorOfItsOwn() {
    recording.refuseWith(ErrorCode.BUFFER_FULL);
    for (Scripts scripts : inAllModes(recording)) {
      String seen = scripts.evaluate("""
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
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "publish()", "try { publish(); } catch (e) { throw e; }", "try { publish(); } finally { var x = 1; }",
      "(function () { try { publish(); } catch (e) { throw e; } }())"})
  void theHostGetsTheTypedOne(String script) {
    recording.refuseWith(ErrorCode.BUFFER_FULL);
    for (Scripts scripts : inAllModes(recording)) {
      scripts.evaluate("function publish() { api.events.v1.publishAsync('kafkaid', 'orders', {}); }");
      RuntimeException thrown = assertThrows(RuntimeException.class, () -> scripts.evaluate(script));
      PublishException found = PublishException.from(new RuntimeException(thrown)).orElseThrow();
      assertEquals(BufferFullException.class, found.getClass());
      assertTrue(found.retryable());
      assertEquals("script.js:1", placeOf(thrown));
      assertTrue(PublishException.from(assertThrows(RuntimeException.class, () -> scripts.evaluate("throw new Error('own')"))).isEmpty());
    }
  }

  @Test
  void whatTheScriptThrewIsTheCause() {
    for (Scripts scripts : inAllModes(recording)) {
      assertEquals("true", scripts.evaluate("""
          var thrown = {};
          try { api.events.v1.publishAsync("kafkaid", "orders", {toJSON: function () { throw thrown; }}); } catch (e) { e.cause === thrown; }"""));
    }
  }

  @Test
  void aDisabledAndAClosedHandle() {
    String source = "try { api.events.v1.publishAsync('kafkaid', 'orders', {}); } catch (e) { e.code + ' ' + e.message }";
    assertTrue(scripts(Ringpost.disabled()).evaluate(source).startsWith("DISABLED publishAsync(\"kafkaid\", \"orders\"): publishing is"));
    Ringpost closed = Ringpost.recording();
    closed.close();
    assertEquals("INVALID_ARGUMENT publishAsync(\"kafkaid\", \"orders\"): this Ringpost was closed; Ringpost.open() makes another one. "
        + "The event was not queued.", scripts(closed).evaluate(source));
  }
}
