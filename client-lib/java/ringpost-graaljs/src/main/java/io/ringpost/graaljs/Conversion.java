package io.ringpost.graaljs;

import io.ringpost.script.JavaValues;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.graalvm.polyglot.Value;
import org.graalvm.polyglot.proxy.Proxy;
import org.graalvm.polyglot.proxy.ProxyArray;

/**
 * A value of the host's as values of JavaScript's: what {@link JavaValues} says, all levels at once, so that the engine meets nothing of
 * Java's in a message.
 */
final class Conversion {
  /** As ipc/limits.hpp: more is refused anyway. */
  private static final int DEPTH_MAX = 1024;

  private final Value newObject;
  private final Value newList;
  private final StringBuilder path = new StringBuilder();
  private int depth;

  private Conversion(Value newObject, Value newList) {
    this.newObject = newObject;
    this.newList = newList;
  }

  /** [value], or [why not, where in it]. */
  static ProxyArray of(Value value, Value newObject, Value newList) {
    Conversion conversion = new Conversion(newObject, newList);
    try {
      return ProxyArray.fromArray(conversion.foreign(value));
    } catch (Refused refused) {
      return ProxyArray.fromArray(refused.getMessage(), conversion.path.toString());
    } catch (StackOverflowError tooDeep) {
      return ProxyArray.fromArray("it is nested too deeply for the stack of this thread", "");
    } catch (RuntimeException ofTheHosts) {
      return ProxyArray.fromArray("reading it threw " + ofTheHosts.getClass().getTypeName(), conversion.path.toString());
    }
  }

  private Object foreign(Value value) throws Refused {
    if (value.isHostObject()) return host(value.asHostObject());
    if (!value.isProxyObject()) return value;
    if (value.hasArrayElements()) {
      List<Object> elements = new ArrayList<>();
      for (long at = 0; at < value.getArraySize(); ++at) elements.add(value.getArrayElement(at));
      return list(elements);
    }
    if (value.hasMembers() && !value.hasHashEntries()) {
      Map<String, Object> members = new java.util.LinkedHashMap<>();
      for (String name : value.getMemberKeys()) members.put(name, value.getMember(name));
      return object(members);
    }
    throw new Refused(noForm(value.<Proxy>asProxyObject()));
  }

  private Object host(Object host) throws Refused {
    if (host instanceof Value value) return foreign(value);
    if (host instanceof Proxy) return foreign(Value.asValue(host));
    Object simple;
    try {
      simple = JavaValues.simplify(host);
    } catch (JavaValues.NoJson why) {
      throw new Refused(why.getMessage());
    }
    if (simple instanceof Map<?, ?> map) return object(map);
    return simple instanceof List<?> list ? list(list) : simple;
  }

  private Object object(Map<?, ?> map) throws Refused {
    Object[] namesAndValues = new Object[2 * map.size()];
    int end = 0;
    for (Map.Entry<?, ?> entry : map.entrySet()) {
      namesAndValues[end++] = entry.getKey();
      namesAndValues[end++] = inside("." + entry.getKey(), entry.getValue());
    }
    return newObject.execute(ProxyArray.fromArray(namesAndValues));
  }

  private Object list(List<?> list) throws Refused {
    Object[] values = new Object[list.size()];
    for (int at = 0; at < values.length; ++at) values[at] = inside("[" + at + "]", list.get(at));
    return newList.execute(ProxyArray.fromArray(values));
  }

  /** Where it is refused, the path stays as it is. */
  private Object inside(String step, Object value) throws Refused {
    if (++depth > DEPTH_MAX) {
      path.setLength(0);
      throw new Refused("it is nested too deeply: at most 1024 levels");
    }
    int outer = path.length();
    path.append(step);
    Object found = host(value);
    path.setLength(outer);
    --depth;
    return found;
  }

  private static String noForm(Object proxy) {
    return "a value of " + proxy.getClass().getTypeName() + " has no JSON form; convert it first";
  }

  /** Why a value has no JSON form. */
  private static final class Refused extends Exception {
    private static final long serialVersionUID = 1;

    Refused(String why) {
      super(why, null, false, false);
    }
  }
}
