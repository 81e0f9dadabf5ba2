package io.ringpost.rhino;

import io.ringpost.Ringpost;
import io.ringpost.testing.scripts.CallBench;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.Function;
import org.mozilla.javascript.ScriptableObject;

/** client-lib/java/bench/run, in Rhino, compiled. */
final class Bench implements CallBench.Subject {
  private final RhinoScripts scripts;

  private Bench(Ringpost ringpost) {
    scripts = new RhinoScripts(ringpost, 9, Context.VERSION_ES6);
  }

  /** SLICES WARM_UPS */
  public static void main(String[] words) throws Exception {
    CallBench.run("Rhino " + CallBench.versionOf("rhino"), Bench::new, words);
  }

  @Override
  public Runnable function(String source) {
    Function function = (Function) scripts.valueOf(source);
    return () -> scripts.within(context -> function.call(context, scripts.scope, scripts.scope,
        new Object[] {ScriptableObject.getProperty(scripts.scope, "events")}));
  }

  @Override
  public String evaluate(String source) {
    return scripts.evaluate(source);
  }

  @Override
  public void give(String name, Object value) {
    scripts.give(name, value);
  }
}
