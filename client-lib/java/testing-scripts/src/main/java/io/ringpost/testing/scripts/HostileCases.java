package io.ringpost.testing.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.Options;
import io.ringpost.RecordedEvent;
import io.ringpost.Recording;
import io.ringpost.Ringpost;
import io.ringpost.testing.Daemon;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scripts that mean no good, or don't know better. */
public abstract class HostileCases {
  protected static final String PUBLISH = "api.events.v1.publishAsync('kafkaid', 't', ";

  protected final Recording recording = Ringpost.recording();
  protected final Scripts scripts = scripts(recording);

  protected abstract Scripts scripts(Ringpost ringpost);

  /** One without what the engine itself gives scripts of Java. */
  protected abstract Scripts withoutJava(Ringpost ringpost);

  /** One whose scripts' calls take room of the thread's stack. */
  protected abstract Scripts onTheStack(Ringpost ringpost);

  protected final List<String> messages() {
    return recording.events().stream().map(RecordedEvent::message).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "api.getClass", "api.events.getClass", "api.events.v1.publishAsync.getClass", "api.constructor", "api.events.v1.publishAsync.constructor",
      "api.__proto__", "api.__parent__", "api.events.v1.publishAsync.__parent__", "api.events.v1.publishAsync.__proto__",
      "api.events.v1.publishAsync.prototype", "api.events.v1.publishAsync.caller", "api.class"})
  void nothingIsReachedThroughTheApi(String expression) {
    assertEquals("nothing", scripts.evaluate("var found = " + expression + "; found === undefined || found === null ? 'nothing' : typeof found"));
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "e.getClass()", "e.javaException.getClass()", "e.rhinoException.getClass()", "e.cause.rhinoException.getClass()", "e.cause.javaException.getClass()",
      "e.status.getClass()", "e.constructor.getClass()", "e.__parent__.java.lang", "api.getClass()", "java.lang.Runtime.getRuntime()",
      "Packages.java.lang.System.exit(1)", "new api.events.v1.publishAsync()", "e.status.constructor('return java')().lang.Runtime"})
  void nothingOfJavaIsReachedThroughAnError(String attempt) {
    String outcome = withoutJava(recording).evaluate("try { " + PUBLISH + "{get a() { return null.x; }}); } catch (e) { try { " + attempt
        + "; 'reached' } catch (no) { no.name } }");
    assertEquals("TypeError", outcome.replace("ReferenceError", "TypeError"));
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "api = 1", "api.events = 1", "api.events.v1 = {}", "api.events.v1.publishAsync = function () {}", "delete api.events",
      "delete api.events.v1.publishAsync", "api.more = 1", "api.events.v1.publishAsync.more = 1",
      "Object.defineProperty(api.events.v1, 'publishAsync', {value: 1})", "api.__proto__ = {}", "Object.setPrototypeOf(api, {events: 1})"})
  void theApiStaysAsItIs(String attempt) {
    scripts.evaluate("try { " + attempt + " } catch (e) {}");
    scripts.evaluate(PUBLISH + "1)");
    assertEquals(List.of("1"), messages());
    assertEquals("events", scripts.evaluate("Object.getOwnPropertyNames(api).join()"));
    assertEquals("undefined", scripts.evaluate("typeof api.events.v1.publishAsync.more"));
  }

  @Test
  void replacedBuiltinsChangeNothing() {
    scripts.give("list", List.of(1, Map.of("a", 2)));
    scripts.evaluate("""
        JSON.stringify = function () { return "{"; };
        JSON = null;
        Date.prototype.toISOString = function () { return "never"; };
        Object.prototype.toString = Object.keys = Array.isArray = function () { throw 1; };
        Error.prototype.toString = function () { throw 2; };
        Array.prototype.toJSON = undefined;
        Map = Set = Error = Object = Array = String = undefined;""");
    scripts.evaluate(PUBLISH + "{a: list, b: [1]}, null, {d: new Date(0)})");
    assertEquals(List.of("{\"a\":[1,{\"a\":2}],\"b\":[1]}"), messages());
    assertEquals("1970-01-01T00:00:00.000Z", recording.events().get(0).headers().get(0).text());
    assertEquals("INVALID_ARGUMENT", scripts.evaluate("try { " + PUBLISH + "1, {}) } catch (e) { e.code }"));
  }

  @Test
  void toJsonOfObjectPrototypeDoesNotTouchJavaValues() {
    scripts.give("list", List.of(1));
    scripts.evaluate("Object.prototype.toJSON = function () { return 'all the same'; }; " + PUBLISH + "list)");
    assertEquals(List.of("[1]"), messages());
  }

  @Test
  void publishingInsideToJsonAndGettersComesFirst() {
    scripts.evaluate(PUBLISH + "{toJSON: function () { " + PUBLISH + "'inner'); return 'outer'; }}, 'k', {get h() { " + PUBLISH
        + "'header', 'x', {i: 1}); return 'v'; }})");
    assertEquals(List.of("\"header\"", "\"inner\""), messages().subList(0, 2).stream().sorted().toList());
    assertEquals("\"outer\"", messages().get(2));
    assertEquals("k", recording.events().get(2).keyText());
    assertEquals("v", recording.events().get(2).headers().get(0).text());
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "{get a() { delete this.b; return 1; }, b: 2}", "{toJSON: 5}", "{toJSON: function () { return this; }}",
      "(function () { var a = [1, 2]; a.__defineGetter__(0, function () { a.length = 0; return 0; }); return a; }())"})
  void objectsThatChangeMeanwhileAreJsonAllTheSame(String message) {
    scripts.evaluate("try { " + PUBLISH + message + ") } catch (e) { if (e.name !== 'PublishError') throw e; }");
    assertTrue(recording.events().size() <= 1);
  }

  @Test
  void largeTextsAndManyHeadersMeetTheLimits() throws Exception {
    try (Daemon daemon = Daemon.start(Daemon.ONE_TOPIC); Ringpost ringpost = Ringpost.open(new Options().socketPath(daemon.socket()))) {
      Scripts real = scripts(ringpost);
      assertEquals("MESSAGE_TOO_LARGE", real.evaluate("var big = 'x'; while (big.length < 8e6) big += big; try { " + PUBLISH.replace("'t'", "'topicName'")
          + "big) } catch (e) { e.code }"));
      assertEquals("INVALID_ARGUMENT", real.evaluate("var many = {}; for (var i = 0; i < 10000; ++i) many['h' + i] = i; try { "
          + PUBLISH.replace("'t'", "'topicName'") + "1, null, many) } catch (e) { e.code }"));
    }
  }

  @Test
  void nestedTooDeeplyForTheStackIsCaught() {
    String source = "var deep = []; for (var i = 0; i < 100000; ++i) deep = [deep]; try { " + PUBLISH + "deep) } catch (e) { e.code }";
    assertEquals("INVALID_JSON", scripts.evaluate(source));
    // Where an engine interprets, its scripts may call each other on the heap, without end.
    Scripts compiled = onTheStack(recording);
    assertEquals("INVALID_JSON", compiled.evaluate("try { " + PUBLISH + "{toJSON: function f() { return f(); }}) } catch (e) { e.code }"));
    assertEquals("INVALID_ARGUMENT", scripts.evaluate("try { " + PUBLISH + "1, null, {get h() { return this.h; }}) } catch (e) { e.code }"));
    scripts.evaluate(PUBLISH + "1)");
    assertEquals(List.of("1"), messages());
  }
}
