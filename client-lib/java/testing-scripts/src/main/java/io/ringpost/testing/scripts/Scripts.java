package io.ringpost.testing.scripts;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** An engine with one global scope that has `api`, as the shared tests want it. */
public interface Scripts {
  /** Runs it, as script.js; gives what the last expression is, as JavaScript's text of it. */
  String evaluate(String source);

  /** Makes a Java value a global variable, as hosts do. */
  void give(String name, Object value);

  /** With a stack on which every engine can serialise a thousand levels. */
  static <T> T deep(Callable<T> work) throws Exception {
    long stackBytes = 32L << 20;
    FutureTask<T> task = new FutureTask<>(work);
    new Thread(null, task, "deep", stackBytes).start();
    try {
      return task.get();
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof Error error) throw error;
      throw failed;
    }
  }
}
