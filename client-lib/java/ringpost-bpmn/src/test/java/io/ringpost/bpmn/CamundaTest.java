package io.ringpost.bpmn;

import io.ringpost.Ringpost;
import io.ringpost.bpmn.BpmnEngine.Settings;
import io.ringpost.bpmn.camunda.CamundaEngine;

class CamundaTest extends BpmnCases {
  @Override
  protected BpmnEngine engine(Ringpost ringpost, Settings settings) {
    return new CamundaEngine(ringpost, settings);
  }
}
