package io.ringpost.bpmn;

import io.ringpost.Ringpost;
import io.ringpost.bpmn.BpmnEngine.Settings;
import io.ringpost.bpmn.operaton.OperatonEngine;

class OperatonTest extends BpmnCases {
  @Override
  protected BpmnEngine engine(Ringpost ringpost, Settings settings) {
    return new OperatonEngine(ringpost, settings);
  }
}
