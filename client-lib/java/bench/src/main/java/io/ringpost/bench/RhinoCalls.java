package io.ringpost.bench;

import io.ringpost.Ringpost;
import io.ringpost.rhino.RingpostApi;
import java.util.function.Function;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.ScriptableObject;

/** In Rhino, compiled. */
public class RhinoCalls extends ScriptCalls {
  private ScriptableObject scope;

  @Override
  final void install(Ringpost ringpost) {
    scope = within(context -> {
      ScriptableObject fresh = context.initStandardObjects();
      RingpostApi.install(context, fresh, ringpost);
      return fresh;
    });
  }

  @Override
  final Runnable function(String source) {
    var function = (org.mozilla.javascript.Function) within(context -> context.evaluateString(scope, source, "script.js", 1, null));
    return () -> within(context -> function.call(context, scope, scope, new Object[0]));
  }

  @SuppressWarnings("deprecation")  // 1.8 has setInterpretedMode for it, 1.7.15 has not
  private static <T> T within(Function<Context, T> work) {
    Context context = Context.enter();
    try {
      context.setOptimizationLevel(9);
      context.setLanguageVersion(Context.VERSION_ES6);
      return work.apply(context);
    } finally {
      Context.exit();
    }
  }
}
