package io.ringpost.script;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** JSON variables of BPMN engines, which their scripts see as nodes of Spin, the engines' own library. Asked by name: nothing here needs it. */
final class SpinJson {
  private static final Set<String> NODES = Set.of("org.operaton.spin.json.SpinJsonNode", "org.camunda.spin.json.SpinJsonNode");

  private SpinJson() {}

  /** The class of Spin's that a value is of; null: it is none of its nodes. */
  static Class<?> typeOf(Object value) {
    Class<?> type = value.getClass();
    while (type != null && !NODES.contains(type.getName())) type = type.getSuperclass();
    return type;
  }

  /** One level of it: null, a Boolean, a Number, a String; a Map or a List of further nodes. */
  static Object valueOf(Object node, Class<?> type) throws ReflectiveOperationException {
    if (is(node, type, "isNull")) return null;
    if (is(node, type, "isObject")) {
      Map<String, Object> object = new LinkedHashMap<>();
      for (Object name : (Iterable<?>) asked(node, type, "fieldNames")) {
        object.put((String) name, type.getMethod("prop", String.class).invoke(node, name));
      }
      return object;
    }
    if (is(node, type, "isArray")) {
      List<Object> list = new ArrayList<>();
      ((Iterable<?>) asked(node, type, "elements")).forEach(list::add);
      return list;
    }
    return asked(node, type, is(node, type, "isString") ? "stringValue" : is(node, type, "isBoolean") ? "boolValue" : "numberValue");
  }

  private static boolean is(Object node, Class<?> type, String what) throws ReflectiveOperationException {
    return (Boolean) asked(node, type, what);
  }

  private static Object asked(Object node, Class<?> type, String what) throws ReflectiveOperationException {
    return type.getMethod(what).invoke(node);
  }
}
