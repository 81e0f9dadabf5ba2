package io.ringpost.graaljs;

import io.ringpost.Ringpost;
import io.ringpost.testing.scripts.CallBench;
import org.graalvm.polyglot.Value;

/** client-lib/java/bench/run, in GraalJS as a JVM without Graal's compiler runs it: interpreted. */
final class Bench implements CallBench.Subject {
  private final GraalScripts scripts;

  private Bench(Ringpost ringpost) {
    scripts = new GraalScripts(ringpost);
  }

  /** SLICES WARM_UPS */
  public static void main(String[] words) throws Exception {
    CallBench.run("GraalJS " + CallBench.versionOf("js-language"), Bench::new, words);
  }

  @Override
  public Runnable function(String source) {
    Value function = scripts.context.eval("js", source);
    return () -> function.executeVoid(scripts.context.getBindings("js").getMember("events"));
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
