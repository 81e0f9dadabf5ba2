package io.ringpost.rhino;

import io.ringpost.PublishException;
import io.ringpost.script.JavaValues;
import io.ringpost.script.ScriptEvent;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.mozilla.javascript.Callable;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.NativeArray;
import org.mozilla.javascript.NativeObject;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.Symbol;
import org.mozilla.javascript.Undefined;
import org.mozilla.javascript.Wrapper;

/**
 * JSON.stringify's replacer: leaves the engine's values alone, and gives it for a Java value what {@link JavaValues} says, one level at
 * a time. What it makes has no prototype, so that no script has a hand in it. Knows where it is, to say so.
 */
final class Replacer implements Callable {
  /** As ipc/limits.hpp: more is refused anyway. */
  private static final int DEPTH_MAX = 1024;

  private final ScriptEvent event;
  /** The containers around the value, outermost first, and under which key each was found. */
  private Object[] containers = new Object[8];
  private Object[] keys = new Object[8];
  private int depth;

  Replacer(ScriptEvent event) {
    this.event = event;
  }

  @Override
  public Object call(Context context, Scriptable scope, Scriptable holder, Object[] arguments) {
    Object value = arguments[1];
    // Classes first: to ask for an interface that is not there takes ten times as long.
    if (value instanceof String || value instanceof Double || value instanceof Integer || value instanceof Boolean || value == null
        || value == Undefined.instance) {
      return value;
    }
    Object key = arguments[0];
    if (value instanceof NativeObject || value instanceof NativeArray) return entered(holder, key, value);
    if (value instanceof CharSequence) return value;
    if (value instanceof BigInteger || value instanceof Symbol || Undefined.isUndefined(value)) return value;
    if (value instanceof Scriptable object && !(value instanceof Wrapper)) return engines(holder, key, object);
    return javas(holder, key, Values.unwrapped(value));
  }

  private Object engines(Object holder, Object key, Scriptable object) {
    if (object instanceof Callable) return object;
    if (object.getClassName().equals("JavaPackage")) throw refusal(holder, key, "a package of Java's has no JSON form");
    return entered(holder, key, object);
  }

  private Object javas(Object holder, Object key, Object value) {
    Object simple = simplified(holder, key, value);
    if (simple instanceof Map<?, ?> map) {
      NativeObject object = new NativeObject();
      entered(holder, key, object);
      map.forEach((name, element) -> object.put((String) name, object, elementOf(object, name, element)));
      return object;
    }
    if (!(simple instanceof List<?> list)) return simple;
    NativeArray array = new NativeArray(list.toArray());
    entered(holder, key, array);
    for (int at = 0; at < list.size(); ++at) array.put(at, array, elementOf(array, at, list.get(at)));
    return array;
  }

  private Object simplified(Object holder, Object key, Object value) {
    try {
      return JavaValues.simplify(value);
    } catch (JavaValues.NoJson why) {
      throw refusal(holder, key, why.getMessage());
    }
  }

  /** A BigInteger is Rhino's BigInt, which is refused: only here it is known to be a host's. */
  private Object elementOf(Object container, Object key, Object element) {
    return element instanceof BigInteger ? simplified(container, key, element) : element;
  }

  /** Takes away what is left by now: the engine goes through a message depth first. */
  private void leaveTo(Object holder) {
    while (depth > 0 && containers[depth - 1] != holder) --depth;
  }

  private Object entered(Object holder, Object key, Object container) {
    leaveTo(holder);
    if (depth == DEPTH_MAX) throw event.noJson("the message is nested too deeply: at most 1024 levels", null);
    if (depth == containers.length) {
      containers = Arrays.copyOf(containers, 2 * depth);
      keys = Arrays.copyOf(keys, 2 * depth);
    }
    containers[depth] = container;
    keys[depth] = key;
    ++depth;
    return container;
  }

  private PublishException refusal(Object holder, Object key, String why) {
    leaveTo(holder);
    StringBuilder path = new StringBuilder();
    for (int level = 1; level < depth; ++level) add(path, containers[level - 1], keys[level]);
    if (depth > 0) add(path, holder, key);
    return event.noJsonAt(path.toString(), why);
  }

  private static void add(StringBuilder path, Object container, Object key) {
    if (container instanceof NativeArray) path.append('[').append(key).append(']');
    else path.append('.').append(key);
  }
}
