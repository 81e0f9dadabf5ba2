package io.ringpost.rhino;

import io.ringpost.Ringpost;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.ScriptableObject;

/** One scope with `api`, and what evaluates in it. */
final class Scripts {
  private static final long STACK_BYTES = 32L << 20;

  final ScriptableObject scope;
  private final int optimisation;
  private final int language;

  Scripts(Ringpost ringpost, int optimisation, int language) {
    this.optimisation = optimisation;
    this.language = language;
    this.scope = within(context -> {
      ScriptableObject fresh = context.initStandardObjects();
      RingpostApi.install(context, fresh, ringpost);
      return fresh;
    });
  }

  /** Interpreted, ES6. */
  Scripts(Ringpost ringpost) {
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

  Object evaluate(String source) {
    return within(context -> context.evaluateString(scope, source, "script.js", 1, null));
  }

  void put(String name, Object value) {
    ScriptableObject.putProperty(scope, name, value);
  }

  /** As a host gives a Java value to its scripts. */
  void give(String name, Object value) {
    within(context -> {
      ScriptableObject.putProperty(scope, name, Context.javaToJS(value, scope));
      return null;
    });
  }

  /** With a stack on which Rhino can serialise a thousand levels. */
  static <T> T deep(Callable<T> work) throws Exception {
    FutureTask<T> task = new FutureTask<>(work);
    new Thread(null, task, "deep", STACK_BYTES).start();
    try {
      return task.get();
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof Error error) throw error;
      throw failed;
    }
  }
}
