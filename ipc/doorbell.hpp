// Waking the drainer from deep sleep. Rare by design: while there is traffic it naps and nobody rings.
//
//     drainer                                    publisher
//     armed = n                                  tail = t            (release)
//     membarrier: every running publisher        armed?              (plain load, no fence)
//       passes a full barrier                    n, not rung yet ──▶ write(eventfd)
//     look at the tails; sleep if nothing
//
// A processor may do the publisher's load before its store. The membarrier makes that impossible around the
// arming: either the publisher sees n, or the drainer sees t. Without it 7,726 of 1,000,000 wake-ups were
// lost.
#pragma once

#include <atomic>
#include <cstdint>

#include "ipc/descriptor.hpp"

namespace ringpost::ipc {

// Client, once at open: takes part in the daemon's barriers. False where the kernel has none (the daemon naps
// for ever).
bool register_for_barriers();

// Daemon: can it make other processes pass a barrier?
bool barriers_available();

// Arms `word` with `number` and returns when every registered publisher that runs has passed a full barrier.
void arm(std::atomic<std::uint32_t>& word, std::uint32_t number);
inline void disarm(std::atomic<std::uint32_t>& word) {
  word.store(0, std::memory_order_relaxed);  // a publisher that still sees the number rings in vain, once
}

// Non-blocking, close-on-exec; one a channel. The daemon watches it edge-triggered and never reads or writes
// it: a client that drains it, fills it or changes its flags harms itself only.
Descriptor create_doorbell();

// Client: the only system call that a publish ever makes.
void ring(const Descriptor& doorbell);

}  // namespace ringpost::ipc
