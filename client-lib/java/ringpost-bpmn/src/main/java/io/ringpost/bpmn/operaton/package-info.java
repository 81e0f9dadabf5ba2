/** The plugin for Operaton. */
package io.ringpost.bpmn.operaton;
