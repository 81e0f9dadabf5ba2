package io.ringpost.bpmn;

/** BPMN for the tests: start, what is between, and an end. */
final class Process {
  private final StringBuilder elements = new StringBuilder();
  private String last = "start";
  private int flows;

  /** A script task, perhaps with asyncBefore="true". */
  Process script(String id, String attributes, String script) {
    return element("<scriptTask id=\"" + id + "\" scriptFormat=\"javascript\" " + attributes + "><script><![CDATA[" + script + "]]></script></scriptTask>", id, "");
  }

  Process element(String xml, String id, String condition) {
    elements.append(xml).append("<sequenceFlow id=\"flow").append(++flows).append("\" sourceRef=\"").append(last).append("\" targetRef=\"").append(id)
        .append("\">").append(condition).append("</sequenceFlow>");
    last = id;
    return this;
  }

  String named(String key) {
    element("<endEvent id=\"end\"/>", "end", "");
    return """
        <definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
          xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="urn:test">
        <process id="%s" isExecutable="true" camunda:historyTimeToLive="P1D"><startEvent id="start"/>%s</process></definitions>
        """.formatted(key, elements);
  }
}
