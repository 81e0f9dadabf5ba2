/**
 * {@code api.events.v1.publishAsync} for scripts that GraalJS runs: {@link io.ringpost.graaljs.RingpostApi}.
 */
package io.ringpost.graaljs;
