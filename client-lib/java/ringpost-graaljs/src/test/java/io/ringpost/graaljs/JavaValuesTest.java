package io.ringpost.graaljs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.Recording;
import io.ringpost.Ringpost;
import io.ringpost.testing.scripts.JavaValuesCases;
import io.ringpost.testing.scripts.Scripts;
import java.math.BigInteger;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import org.graalvm.polyglot.proxy.ProxyArray;
import org.graalvm.polyglot.proxy.ProxyExecutable;
import org.graalvm.polyglot.proxy.ProxyObject;
import org.junit.jupiter.api.Test;

class JavaValuesTest extends JavaValuesCases {
  private final Recording recorded = Ringpost.recording();

  @Override
  protected List<Scripts> inAllWays(Ringpost ringpost) {
    return GraalScripts.inAllModes(ringpost);
  }

  @Override
  protected boolean widensFloats() {
    return true;
  }

  @Override
  protected String largeInteger() {
    return "100000000000000000000";
  }

  private String published(Scripts scripts, String message) {
    recorded.events().clear();
    String thrown = scripts.evaluate("try { api.events.v1.publishAsync('kafkaid', 't', " + message + "); '' } catch (e) { e.code + ': ' + e.message }");
    return recorded.events().isEmpty() ? thrown : recorded.events().get(0).message();
  }

  /** Large numbers of JavaScript's own go through, whatever is beside them; those of Java's are found wherever they come from. */
  @Test
  void largeNumbers() {
    String refusal = "INVALID_JSON: publishAsync(\"kafkaid\", \"t\"): the message can't be serialised";
    for (Scripts scripts : inAllWays(recorded)) {
      for (String source : new String[] {
          "[1e300,-1e21,1152921504606847000,\"1152921504606846976 e+ \\\\\",1e-7]", "{a: ['12345678901234567890', 2e20, 123456789012345.67]}",
          "{toJSON() { return Math.pow(2, 60); }}", "'\"9007199254740993'", "{'1234567890123456': 1e16}"}) {
        assertEquals(scripts.evaluate("JSON.stringify(" + source + ")"), published(scripts, source));
      }
      scripts.give("id", 1L << 60);
      scripts.give("odd", (1L << 53) + 1);
      scripts.give("big", BigInteger.TWO.pow(80));
      String why = "a Long that no JavaScript number says exactly; convert it to a string. The event was not queued.";
      assertEquals(refusal + " at \"a[1].id\": " + why, published(scripts, "{a: [1, {id}]}"));
      assertEquals(refusal + " at \"odd\": " + why, published(scripts, "{a: 1e300, odd}"));
      assertTrue(published(scripts, "{toJSON() { return {id} }}").startsWith(refusal), published(scripts, "{toJSON() { return {id} }}"));
      assertTrue(published(scripts, "{get a() { return id }}").startsWith(refusal));
      assertEquals(refusal + " at \"big\": a BigInteger that no JavaScript number says exactly; convert it to a string. The event was not queued.",
          published(scripts, "{a: 1, big}"));
    }
  }

  /** A replaced toJSON of the script's Date, or of all objects, has no hand in what is Java's. */
  @Test
  void datesOfJavasAreNotTheScripts() {
    for (Scripts scripts : inAllWays(recorded)) {
      scripts.give("zoned", ZonedDateTime.of(1970, 1, 1, 2, 0, 0, 0, ZoneOffset.ofHours(2)));
      scripts.give("date", new java.util.Date(0));
      scripts.evaluate("Date.prototype.toJSON = () => 'taken'");
      assertEquals("[\"1970-01-01T02:00:00+02:00\",\"1970-01-01T00:00:00.000Z\",\"taken\"]", published(scripts, "[zoned, date, new Date(0)]"));
    }
  }

  @Test
  void aHostsProxies() {
    for (Scripts scripts : inAllWays(recorded)) {
      scripts.give("object", ProxyObject.fromMap(Map.of("list", ProxyArray.fromArray(1, "a", List.of(2)))));
      scripts.give("code", (ProxyExecutable) arguments -> null);
      assertEquals("{\"a\":{\"list\":[1,\"a\",[2]]}}", published(scripts, "{a: object}"));
      assertEquals("[[2],{\"list\":[1,\"a\",[2]]}]", published(scripts, "[object.list[2], object]"));
      assertEquals("{\"b\":1}", published(scripts, "{a: code, b: 1}"));  // as of any function
    }
  }
}
