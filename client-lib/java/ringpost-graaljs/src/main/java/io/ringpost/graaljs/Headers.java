package io.ringpost.graaljs;

import io.ringpost.script.ScriptEvent;
import java.lang.reflect.Array;
import java.util.Map;
import org.graalvm.polyglot.Value;

/** The fifth argument: an object that was written down as one, or a host's Map. */
final class Headers {
  private final Values values;
  private final ScriptEvent event;

  Headers(Values values, ScriptEvent event) {
    this.values = values;
    this.event = event;
  }

  /** `isPlain`: it is known to be an object that was written down as one. */
  void read(Value headers, boolean isPlain) {
    if (!isPlain && !isObject(headers)) return;
    for (String name : headers.getMemberKeys()) {
      Value value = headers.getMember(name);
      // Null: another one's getter has taken it away.
      if (value != null) readNamed(name, value);
    }
  }

  /** False: there is nothing more to read. */
  private boolean isObject(Value headers) {
    if (headers.isHostObject()) {
      Object host = headers.asHostObject();
      if (!(host instanceof Map<?, ?> map)) throw event.noHeaders(Values.kind(host));
      map.forEach((name, value) -> readHosts(String.valueOf(name), value));
      return false;
    }
    Values.Described described = values.new Described(headers);
    switch (described.kind) {
      case "undefined", "null":
        return false;
      case "an object":
        if (described.isPlain()) return true;
        throw event.noHeaders("no plain object");
      case "bytes", "a Date":
        throw event.noHeaders("no plain object");
      default:
        throw event.noHeaders(described.kind());
    }
  }

  private void readNamed(String name, Value value) {
    if (Values.isString(value)) {
      event.header(name, value.asString(), "");
    } else if (value.isHostObject()) {
      readHosts(name, value.asHostObject());
    } else {
      Values.Described described = values.new Described(value);
      if (!described.kind.equals("an array")) {
        readOne(name, described);
      } else {
        for (long at = 0; at < value.getArraySize(); ++at) readElement(name, value.getArrayElement(at));
      }
    }
  }

  private void readElement(String name, Value element) {
    if (element.isHostObject()) readHost(name, element.asHostObject());
    else readOne(name, values.new Described(element));
  }

  private void readOne(String name, Values.Described value) {
    switch (value.kind) {
      case "undefined" -> { }
      case "null" -> event.header(name, null, "");
      case "a string", "a number", "a boolean", "a bigint", "a Date" -> event.header(name, value.text(), "");
      case "bytes" -> event.header(name, value.bytes(), "");
      default -> event.header(name, new Object(), value.kind());
    }
  }

  private void readHosts(String name, Object host) {
    if (host instanceof Iterable<?> iterable) {
      iterable.forEach(element -> readHost(name, element));
    } else if (host != null && host.getClass().isArray() && !(host instanceof byte[])) {
      for (int at = 0; at < Array.getLength(host); ++at) readHost(name, Array.get(host, at));
    } else {
      readHost(name, host);
    }
  }

  /** Floating point as JavaScript writes it. */
  private void readHost(String name, Object host) {
    if (host instanceof Double || host instanceof Float) readElement(name, Value.asValue(((Number) host).doubleValue()));
    else event.header(name, host, Values.kind(host));
  }
}
