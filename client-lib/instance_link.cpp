#include "client-lib/instance_link.hpp"

#include <cerrno>

namespace ringpost::client {

void InstanceLink::wake_drainer() {
  // The compiler must not move the load before the tail's store; the processor is the membarrier's business.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  const std::uint32_t armed = board().doorbell_armed.load(std::memory_order_relaxed);  // pairs with ipc::arm
  if (armed == 0) return;
  std::uint32_t rung = rung_.load(std::memory_order_relaxed);
  if (rung == armed) return;
  // One of our threads rings for each number; relaxed, for it orders nothing.
  if (!rung_.compare_exchange_strong(rung, armed, std::memory_order_relaxed)) return;
  const int errno_of_caller = errno;
  ipc::ring(doorbell_.get());
  errno = errno_of_caller;
}

}  // namespace ringpost::client
