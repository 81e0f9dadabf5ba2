package io.ringpost;

import java.util.Optional;

/**
 * One instance, as {@link Ringpost#instances()} found it. Where {@link #refusedWith()} is {@link ErrorCode#DENIED} the figures are 0.
 *
 * @param name as in {@code kafkaId}
 * @param refusedWith the code that every publish gets now; empty: events are accepted
 * @param connected at least one broker is up
 * @param disconnectedMs for so long there has been no broker; 0 while connected
 * @param waitingEvents accepted and not yet delivered
 * @param bufferUsedBytes of the instance's buffer in the daemon
 * @param bufferBytes the instance's buffer in the daemon
 * @param maxEventBytes key, headers and message; a topic may allow less
 * @param roomBytes free in this process's shared memory, in all
 * @param largestRoomBytes free in one lane, which must hold an event whole
 * @param lanes open
 * @param lanesMax the daemon's limit for this process and instance
 */
public record InstanceState(String name, Optional<ErrorCode> refusedWith, boolean connected, long disconnectedMs,
    long waitingEvents, long bufferUsedBytes, long bufferBytes, long maxEventBytes, long roomBytes, long largestRoomBytes,
    int lanes, int lanesMax) {}
