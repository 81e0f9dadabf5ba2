package io.ringpost.bench;

import io.ringpost.Ringpost;
import io.ringpost.graaljs.RingpostApi;
import org.graalvm.polyglot.Context;
import org.graalvm.polyglot.HostAccess;
import org.graalvm.polyglot.Value;

/** In GraalJS as a JVM without Graal's compiler runs it: interpreted. */
public class GraalCalls extends ScriptCalls {
  private Context context;

  @Override
  final void install(Ringpost ringpost) {
    context = Context.newBuilder("js").allowHostAccess(HostAccess.NONE).option("engine.WarnInterpreterOnly", "false").build();
    RingpostApi.install(context, ringpost);
  }

  @Override
  final Runnable function(String source) {
    Value function = context.eval("js", source);
    return function::executeVoid;
  }
}
