/** The plugin for Camunda 7. */
package io.ringpost.bpmn.camunda;
