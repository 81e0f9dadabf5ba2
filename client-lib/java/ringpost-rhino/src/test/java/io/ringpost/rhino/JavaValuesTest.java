package io.ringpost.rhino;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringpost.Recording;
import io.ringpost.Ringpost;
import io.ringpost.testing.scripts.JavaValuesCases;
import io.ringpost.testing.scripts.Scripts;
import java.util.List;
import org.junit.jupiter.api.Test;

class JavaValuesTest extends JavaValuesCases {
  /** Wrapped for the script, and as they are. */
  @Override
  protected List<Scripts> inAllWays(Ringpost ringpost) {
    RhinoScripts scripts = new RhinoScripts(ringpost);
    return List.of(scripts, scripts.givingRaw());
  }

  @Override
  protected boolean widensFloats() {
    return false;
  }

  /** By itself a BigInteger is Rhino's BigInt. */
  @Override
  protected String largeInteger() {
    return "INVALID_JSON: ";
  }

  @Test
  void whatOnlyRhinoHas() {
    Recording recording = Ringpost.recording();
    RhinoScripts scripts = new RhinoScripts(recording);
    String said = scripts.evaluate("try { api.events.v1.publishAsync('kafkaid', 't', java.lang) } catch (e) { e.message }");
    assertTrue(said.contains("a package of Java's has no JSON form"), said);
    scripts.put("rawLong", 9007199254740993L);
    scripts.evaluate("api.events.v1.publishAsync('kafkaid', 't', 1, rawLong)");
    assertEquals("9007199254740993", recording.events().get(0).keyText());
  }
}
