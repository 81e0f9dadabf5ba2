#include "client-lib/instance_link.hpp"

#include <cerrno>

namespace ringpost::client {

void InstanceLink::wake_drainer() {
  // The compiler must not move the load before the tail's store; the processor is the membarrier's business.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const std::uint32_t armed = board().doorbell_armed.load(std::memory_order_relaxed);  // pairs with ipc::arm
  if (armed == 0) return;
  if (rung_.load(std::memory_order_relaxed) == armed) return;
  const int errno_of_caller = errno;
  ipc::ring(doorbell_.get());
  errno = errno_of_caller;
  // Noted after the ring: whoever finds it noted may rely on it, however long this thread is kept from going on.
  // Threads that meet here ring once each. Relaxed, for it orders nothing.
  rung_.store(armed, std::memory_order_relaxed);
}

}  // namespace ringpost::client
