package io.ringpost.rhino;

import org.mozilla.javascript.Context;
import org.mozilla.javascript.Function;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.ScriptableObject;

/** What is taken from a scope before any script runs in it. */
final class Realm {
  final Scriptable scope;
  final Scriptable objectPrototype;
  private final Function error;
  private final Function toIsoString;

  Realm(Scriptable scope) {
    this.scope = scope;
    this.objectPrototype = ScriptableObject.getObjectPrototype(scope);
    this.error = (Function) ScriptableObject.getProperty(scope, "Error");
    Scriptable date = (Scriptable) ScriptableObject.getProperty(scope, "Date");
    Scriptable datePrototype = (Scriptable) ScriptableObject.getProperty(date, "prototype");
    this.toIsoString = (Function) ScriptableObject.getProperty(datePrototype, "toISOString");
  }

  Scriptable newError(Context context, String message) {
    return error.construct(context, scope, new Object[] {message});
  }

  /** Throws as the engine does where the date is invalid. */
  String isoText(Context context, Scriptable date) {
    return toIsoString.call(context, scope, date, new Object[0]).toString();
  }
}
