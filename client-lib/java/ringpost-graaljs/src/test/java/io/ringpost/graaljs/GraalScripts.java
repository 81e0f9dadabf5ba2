package io.ringpost.graaljs;

import io.ringpost.Ringpost;
import io.ringpost.testing.scripts.Scripts;
import java.util.List;
import org.graalvm.polyglot.Context;
import org.graalvm.polyglot.Engine;
import org.graalvm.polyglot.HostAccess;
import org.graalvm.polyglot.Source;

/** A context with `api`. Those with the same access to the host share an engine. */
final class GraalScripts implements Scripts {
  private static final Engine NO_ACCESS = engine();
  private static final Engine ALL_ACCESS = engine();

  final Context context;

  /** With no access to the host. */
  GraalScripts(Ringpost ringpost) {
    this(ringpost, Context.newBuilder("js").allowHostAccess(HostAccess.NONE).engine(NO_ACCESS));
  }

  GraalScripts(Ringpost ringpost, Context.Builder builder) {
    context = builder.build();
    RingpostApi.install(context, ringpost);
  }

  /** With no access to the host, and with all that a host can give. */
  static List<Scripts> inAllModes(Ringpost ringpost) {
    return List.of(new GraalScripts(ringpost), new GraalScripts(ringpost, Context.newBuilder("js").allowAllAccess(true).engine(ALL_ACCESS)));
  }

  static Engine engine() {
    return Engine.newBuilder("js").option("engine.WarnInterpreterOnly", "false").build();
  }

  @Override
  public String evaluate(String source) {
    return context.eval(Source.newBuilder("js", source, "script.js").buildLiteral()).toString();
  }

  @Override
  public void give(String name, Object value) {
    context.getBindings("js").putMember(name, value);
  }
}
