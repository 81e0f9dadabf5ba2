/**
 * {@code api.events.v1.publishAsync} for scripts that Mozilla Rhino runs: {@link io.ringpost.rhino.RingpostApi}.
 */
package io.ringpost.rhino;
