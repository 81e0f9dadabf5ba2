package io.ringpost.rhino;

import io.ringpost.Ringpost;
import io.ringpost.testing.scripts.Scripts;
import java.util.ArrayList;
import java.util.List;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.ScriptableObject;

/** One scope with `api`, and what evaluates in it. */
final class RhinoScripts implements Scripts {
  final ScriptableObject scope;
  private final int optimisation;
  private final int language;

  RhinoScripts(Ringpost ringpost, int optimisation, int language) {
    this.optimisation = optimisation;
    this.language = language;
    this.scope = within(context -> {
      ScriptableObject fresh = context.initStandardObjects();
      RingpostApi.install(context, fresh, ringpost);
      return fresh;
    });
  }

  /** Interpreted, ES6. */
  RhinoScripts(Ringpost ringpost) {
    this(ringpost, -1, Context.VERSION_ES6);
  }

  interface Work<T> {
    T with(Context context);
  }

  @SuppressWarnings("deprecation") // 1.8 has setInterpretedMode for it, 1.7.15 has not
  <T> T within(Work<T> work) {
    Context context = Context.enter();
    try {
      context.setOptimizationLevel(optimisation);
      context.setLanguageVersion(language);
      return work.with(context);
    } finally {
      Context.exit();
    }
  }

  static List<Scripts> inAllModes(Ringpost ringpost) {
    List<Scripts> all = new ArrayList<>();
    for (int optimisation : new int[] {-1, 0, 9}) all.add(new RhinoScripts(ringpost, optimisation, Context.VERSION_ES6));
    return all;
  }

  @Override
  public String evaluate(String source) {
    return within(context -> Context.toString(context.evaluateString(scope, source, "script.js", 1, null)));
  }

  void put(String name, Object value) {
    ScriptableObject.putProperty(scope, name, value);
  }

  /** As a host gives a Java value to its scripts. */
  @Override
  public void give(String name, Object value) {
    within(context -> {
      ScriptableObject.putProperty(scope, name, Context.javaToJS(value, scope));
      return null;
    });
  }

  /** The same scope, for a host that gives values as they are. */
  Scripts givingRaw() {
    return new Scripts() {
      @Override
      public String evaluate(String source) {
        return RhinoScripts.this.evaluate(source);
      }

      @Override
      public void give(String name, Object value) {
        put(name, value);
      }
    };
  }
}
