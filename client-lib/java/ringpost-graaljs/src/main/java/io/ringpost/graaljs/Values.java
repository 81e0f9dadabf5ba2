package io.ringpost.graaljs;

import io.ringpost.script.ScriptEvent;
import org.graalvm.polyglot.Value;

/** What GraalJS's values are, beside strings; `describe` of publish_async.js says it of those that are the script's. */
final class Values {
  private static final int KIND = 0;
  private static final int TEXT = 1;
  private static final int IS_WHOLE = 2;
  private static final int IS_PLAIN = 1;

  private final Value describe;

  Values(Value describe) {
    this.describe = describe;
  }

  /** Not a String object, which is an object. */
  static boolean isString(Value value) {
    return value.isString() && !value.hasMembers();
  }

  /** Null: it is none. */
  static String string(Value value) {
    if (isString(value)) return value.asString();
    return value.isHostObject() && value.asHostObject() instanceof CharSequence text ? text.toString() : null;
  }

  /** What it is, for a message that must not show it. */
  String kind(Value value) {
    return value.isHostObject() ? kind(value.asHostObject()) : new Described(value).kind();
  }

  static String kind(Object host) {
    return host == null ? "null" : "a value of " + host.getClass().getTypeName();
  }

  void readKey(ScriptEvent event, Value key) {
    if (isString(key)) {
      event.key(key.asString(), "");
    } else if (key.isNull()) {
      return;
    } else if (key.isHostObject()) {
      Object host = key.asHostObject();
      event.key(host instanceof Boolean ? new Object() : host, kind(host));
    } else {
      Described described = new Described(key);
      switch (described.kind) {
        case "a bigint" -> event.key(described.text(), "");
        // A fraction stands for all numbers that are no key.
        case "a number" -> event.key(described.isWhole() ? described.text() : (Object) Double.NaN, "");
        case "bytes" -> event.key(described.bytes(), "");
        default -> event.key(new Object(), described.kind());
      }
    }
  }

  /** One value of the script's. */
  final class Described {
    final String kind;
    private final Value parts;

    Described(Value value) {
      parts = describe.execute(value);
      kind = parts.getArrayElement(KIND).asString();
    }

    /** In the words of the other engines. */
    String kind() {
      return kind.equals("bytes") || kind.equals("a Date") ? "an object" : kind;
    }

    /** Of a string, a number, a boolean, a bigint, a Date. */
    String text() {
      return parts.getArrayElement(TEXT).asString();
    }

    /** Of a number: it has no fraction, and all its digits are certain. */
    boolean isWhole() {
      return parts.getArrayElement(IS_WHOLE).asBoolean();
    }

    /** Of an object: it was written down as one. */
    boolean isPlain() {
      return parts.getArrayElement(IS_PLAIN).asBoolean();
    }

    /** A copy. */
    byte[] bytes() {
      byte[] bytes = new byte[parts.getArrayElement(3).asInt()];
      Value buffer = parts.getArrayElement(1);
      buffer.readBuffer(parts.getArrayElement(2).asInt(), bytes, 0, bytes.length);
      return bytes;
    }
  }
}
