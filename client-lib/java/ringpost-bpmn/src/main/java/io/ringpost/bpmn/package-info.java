/**
 * {@code api.events.v1.publishAsync} in the scripts of BPMN processes: {@code io.ringpost.bpmn.operaton.RingpostPlugin} for Operaton,
 * {@code io.ringpost.bpmn.camunda.RingpostPlugin} for Camunda 7.
 */
package io.ringpost.bpmn;
