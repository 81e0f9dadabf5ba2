package io.ringpost.rhino;

import java.util.Arrays;
import org.mozilla.javascript.Callable;
import org.mozilla.javascript.NativeArray;
import org.mozilla.javascript.Scriptable;
import org.mozilla.javascript.Symbol;
import org.mozilla.javascript.Undefined;
import org.mozilla.javascript.Wrapper;
import org.mozilla.javascript.typedarrays.NativeArrayBuffer;
import org.mozilla.javascript.typedarrays.NativeArrayBufferView;
import org.mozilla.javascript.typedarrays.NativeUint8Array;
import java.math.BigInteger;

/** What Rhino's values are. */
final class Values {
  private Values() {}

  /** What a wrapper of Java's has in it; anything else as it is. */
  static Object unwrapped(Object value) {
    if (value instanceof String) return value;
    return value instanceof Wrapper wrapper && !(value instanceof Symbol) ? wrapper.unwrap() : value;
  }

  /** Null: it is none. */
  static String string(Object value) {
    Object found = unwrapped(value);
    return found instanceof CharSequence ? found.toString() : null;
  }

  static boolean isTypedArray(Object value) {
    return value instanceof NativeArrayBufferView;
  }

  /** A copy of the bytes of a Uint8Array, an ArrayBuffer or a byte[]; null: it is none. */
  static byte[] bytes(Object value) {
    if (value instanceof byte[] bytes) return bytes;
    if (value instanceof NativeArrayBuffer buffer) return buffer.getBuffer().clone();
    if (!(value instanceof NativeUint8Array view)) return null;
    int begin = view.getByteOffset();
    return Arrays.copyOfRange(view.getBuffer().getBuffer(), begin, begin + view.getByteLength());
  }

  /** What it is, for a message that must not show it. */
  static String kind(Object value) {
    if (value == null) return "null";
    if (Undefined.isUndefined(value)) return "undefined";
    if (value instanceof CharSequence) return "a string";
    if (value instanceof BigInteger) return "a bigint";
    if (value instanceof Number) return "a number";
    if (value instanceof Boolean) return "a boolean";
    if (value instanceof Symbol) return "a symbol";
    if (value instanceof NativeArray) return "an array";
    if (value instanceof Callable) return "a function";
    if (value instanceof Scriptable) return "an object";
    return "a value of " + value.getClass().getTypeName();
  }
}
