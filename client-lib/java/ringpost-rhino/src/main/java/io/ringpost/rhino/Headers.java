package io.ringpost.rhino;

import io.ringpost.script.ScriptEvent;
import java.lang.reflect.Array;
import java.util.Map;
import org.mozilla.javascript.Callable;
import org.mozilla.javascript.Context;
import org.mozilla.javascript.NativeArray;
import org.mozilla.javascript.ScriptRuntime;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.ScriptableObject;
import org.mozilla.javascript.Symbol;
import org.mozilla.javascript.Undefined;

/** The fifth argument: an object that was written down as one, or a host's Map. */
final class Headers {
  private final Context context;
  private final Realm realm;
  private final ScriptEvent event;

  Headers(Context context, Realm realm, ScriptEvent event) {
    this.context = context;
    this.realm = realm;
    this.event = event;
  }

  void read(Object headers) {
    Object value = Values.unwrapped(headers);
    if (value == null || Undefined.isUndefined(value)) return;
    if (value instanceof Map<?, ?> map && !(value instanceof Scriptable)) {
      map.forEach((name, of) -> readNamed(String.valueOf(name), of));
      return;
    }
    boolean isObject = value instanceof Scriptable && !(value instanceof Callable) && !(value instanceof Symbol);
    if (!isObject || value instanceof NativeArray) throw event.noHeaders(Values.kind(value));
    if (!isPlain((Scriptable) value)) throw event.noHeaders("no plain object");
    readObject((Scriptable) value);
  }

  /** In whatever scope it was made; a Map would silently be no headers. */
  private static boolean isPlain(Scriptable object) {
    Scriptable prototype = object.getPrototype();
    return prototype == null || prototype.getPrototype() == null;
  }

  private void readObject(Scriptable object) {
    for (Object id : object.getIds()) {
      Object value = id instanceof Integer index ? ScriptableObject.getProperty(object, index)
          : ScriptableObject.getProperty(object, id.toString());
      readNamed(id.toString(), value == Scriptable.NOT_FOUND ? Undefined.instance : value);
    }
  }

  private void readNamed(String name, Object value) {
    if (value instanceof String text) {
      event.header(name, text, "");
      return;
    }
    Object found = Values.unwrapped(value);
    if (found instanceof NativeArray array) {
      for (long at = 0; at < array.getLength(); ++at) {
        Object element = ScriptableObject.getProperty(array, (int) at);
        readOne(name, element == Scriptable.NOT_FOUND ? Undefined.instance : element);
      }
    } else if (found instanceof Iterable<?> iterable && !(found instanceof Scriptable)) {
      iterable.forEach(element -> readOne(name, element));
    } else if (found != null && found.getClass().isArray() && !(found instanceof byte[])) {
      for (int at = 0; at < Array.getLength(found); ++at) readOne(name, Array.get(found, at));
    } else {
      readOne(name, found);
    }
  }

  private void readOne(String name, Object value) {
    Object found = Values.unwrapped(value);
    if (Undefined.isUndefined(found)) return;
    byte[] bytes = Values.bytes(found);
    if (bytes != null) {
      event.header(name, bytes, "");
    } else if (found instanceof Double || found instanceof Float || found instanceof Integer) {
      event.header(name, ScriptRuntime.toString(((Number) found).doubleValue()), "");
    } else if (found instanceof Scriptable object && object.getClassName().equals("Date")) {
      event.header(name, realm.isoText(context, object), "");
    } else {
      event.header(name, found instanceof Scriptable ? new Object() : found, Values.kind(found));
    }
  }
}
