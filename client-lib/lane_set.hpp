// The lanes that one connection gave for one instance. They are unmapped together, so that who holds one of them may
// look at the others; boards and doorbell may change under them, when another daemon adopts the connection.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipc/lane_writer.hpp"

namespace ringpost::client {

class LaneSet {
 public:
  explicit LaneSet(std::uint64_t connection) : connection_(connection) {}

  // The handle's connections are counted: lanes of different ones have nothing to do with each other.
  std::uint64_t connection() const { return connection_; }

  // Into the first lane, where the daemon looks for it.
  void count_refusal(int code, std::uint64_t times) {
    if (ipc::LaneWriter* first = first_lane_.load(std::memory_order_acquire))  // pairs with add
      first->count_refusals(static_cast<std::size_t>(-code), times);
  }

  // Control thread.
  void add(ipc::LaneWriter& lane) {
    if (first_lane_.load(std::memory_order_relaxed) == nullptr)
      first_lane_.store(&lane, std::memory_order_release);  // pairs with count_refusal
  }

 private:
  const std::uint64_t connection_;
  std::atomic<ipc::LaneWriter*> first_lane_{nullptr};
};

}  // namespace ringpost::client
