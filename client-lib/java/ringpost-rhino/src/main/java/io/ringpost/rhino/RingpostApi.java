package io.ringpost.rhino;

import io.ringpost.Ringpost;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.NativeObject;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.ScriptableObject;

/**
 * Gives scripts {@code api.events.v1.publishAsync(kafkaId, topic, message, key, headers)}. It is sealed, has no prototype, and leads to no
 * object of Java's. It may be shared by any number of threads, each with a Context of its own.
 *
 * <pre>{@code
 * ScriptableObject scope = context.initStandardObjects();
 * RingpostApi.install(context, scope, ringpost);
 * context.evaluateString(scope, "api.events.v1.publishAsync('kafkaid', 'orders', {id: 123}, '123')", "order.js", 1, null);
 * }</pre>
 */
public final class RingpostApi {
  private static final int FIXED = ScriptableObject.READONLY | ScriptableObject.PERMANENT;

  private RingpostApi() {}

  /**
   * Defines {@code api} in a scope that has its standard objects and is not sealed yet, before any script runs in it: what scripts do
   * to these later changes nothing. Scopes whose prototype or parent it is have it too.
   */
  public static void install(Context context, Scriptable scope, Ringpost ringpost) {
    ScriptableObject.defineProperty(scope, "api", create(scope, ringpost), FIXED);
  }

  /** {@code {events: {v1: {publishAsync}}}}, for hosts that have an {@code api} of their own; `scope` as above. */
  public static ScriptableObject create(Scriptable scope, Ringpost ringpost) {
    PublishAsync publishAsync = new PublishAsync(new Realm(scope), ringpost);
    publishAsync.sealObject();
    return holding("events", holding("v1", holding("publishAsync", publishAsync)));
  }

  private static ScriptableObject holding(String name, Scriptable value) {
    NativeObject object = new NativeObject();
    object.defineProperty(name, value, FIXED);
    object.sealObject();
    return object;
  }
}
