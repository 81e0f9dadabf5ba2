package io.ringpost.rhino;

import io.ringpost.PublishException;
import io.ringpost.script.EngineErrors;
import java.util.Optional;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.EcmaError;
import org.mozilla.javascript.EvaluatorException;
import org.mozilla.javascript.JavaScriptException;
import org.mozilla.javascript.NativeObject;
import org.mozilla.javascript.RhinoException;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.ScriptableObject;

/**
 * Errors of JavaScript's for ours. A Java exception that leaves a host function no script can catch, and one that is wrapped leads scripts to
 * Java; so what is thrown is an Error with plain values, which remembers the exception where scripts don't see it.
 */
public final class RhinoErrors implements EngineErrors {
  private static final Object EXCEPTION = "io.ringpost.PublishException";

  /** For the service loader. */
  public RhinoErrors() {}

  @Override
  public Optional<PublishException> find(Throwable thrown) {
    try {
      if (thrown instanceof JavaScriptException exception && exception.getValue() instanceof ScriptableObject error) {
        return Optional.ofNullable((PublishException) error.getAssociatedValue(EXCEPTION));
      }
    } catch (NoClassDefFoundError noRhino) {
      // Then it is not Rhino's.
    }
    return Optional.empty();
  }

  static JavaScriptException javaScript(Context context, Realm realm, PublishException refused) {
    ScriptableObject error = (ScriptableObject) realm.newError(context, refused.getMessage());
    RhinoException here = new EvaluatorException("");
    put(error, "name", "PublishError", ScriptableObject.DONTENUM);
    put(error, "stack", here.getScriptStackTrace(), ScriptableObject.DONTENUM);
    put(error, "code", refused.code().name(), ScriptableObject.EMPTY);
    put(error, "retryable", refused.retryable(), ScriptableObject.EMPTY);
    put(error, "status", status(realm, refused), ScriptableObject.EMPTY);
    if (refused.getCause() != null) put(error, "cause", cause(context, realm, refused.getCause()), ScriptableObject.DONTENUM);
    error.associateValue(EXCEPTION, refused);
    var stack = here.getScriptStack();
    JavaScriptException thrown =
        stack.length == 0 ? new JavaScriptException(error, "", 0) : new JavaScriptException(error, stack[0].fileName, stack[0].lineNumber);
    thrown.initCause(refused);
    return thrown;
  }

  private static void put(ScriptableObject object, String name, Object value, int attributes) {
    object.defineProperty(name, value, attributes);
  }

  private static Scriptable status(Realm realm, PublishException refused) {
    NativeObject status = new NativeObject();
    status.setPrototype(realm.objectPrototype);
    put(status, "code", refused.status(), ScriptableObject.EMPTY);
    put(status, "message", refused.getMessage(), ScriptableObject.EMPTY);
    status.sealObject();
    return status;
  }

  /** What the script threw itself, as it is; an engine's error as an Error of that name. */
  private static Object cause(Context context, Realm realm, Throwable cause) {
    if (cause instanceof JavaScriptException thrown) return thrown.getValue();
    if (cause instanceof EcmaError engines) {
      ScriptableObject error = (ScriptableObject) realm.newError(context, engines.getErrorMessage());
      put(error, "name", engines.getName(), ScriptableObject.DONTENUM);
      return error;
    }
    return realm.newError(context, cause instanceof RhinoException engines ? engines.details() : cause.toString());
  }
}
