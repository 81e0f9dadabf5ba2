package io.ringpost.bpmn;

import io.ringpost.Ringpost;
import io.ringpost.graaljs.RingpostApi;
import java.util.Set;
import org.graalvm.polyglot.Context;
import org.graalvm.polyglot.proxy.ProxyExecutable;

/**
 * How `api` comes into a script that a BPMN engine runs through javax.script, in a fresh context of GraalJS each time: the engine makes a
 * variable of {@link #VARIABLE}, and runs {@link #ENVIRONMENT} before the script, which calls it. To scripts it is a function that
 * gives nothing.
 */
public final class ScriptApi {
  /** The name of the variable. */
  public static final String VARIABLE = "__ringpost";
  /** The script that runs before each script. */
  public static final String ENVIRONMENT = VARIABLE + "();";
  private static final Set<String> LANGUAGES = Set.of("javascript", "ecmascript", "js", "graal.js");

  private final ProxyExecutable value;

  /** `api` of that handle. */
  public ScriptApi(Ringpost ringpost) {
    value = arguments -> {
      Context context = Context.getCurrent();
      if (!context.getBindings("js").hasMember("api")) RingpostApi.install(context, ringpost);
      return null;
    };
  }

  /** The variable's value. */
  public Object value() {
    return value;
  }

  /** The scripts to run before those of that language; null: none. */
  public static String[] environmentOf(String language) {
    return LANGUAGES.contains(language) ? new String[] {ENVIRONMENT} : null;
  }
}
