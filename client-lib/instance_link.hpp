// What one connection to the daemon gave for one instance: the boards and the doorbell. Unmapped together
// with the lanes that came with it, when the control thread has taken the claims of all of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "client-lib/inherited_descriptors.hpp"
#include "ipc/board.hpp"
#include "ipc/doorbell.hpp"
#include "ipc/lane_writer.hpp"

namespace ringpost::client {

class InstanceLink {
 public:
  InstanceLink(std::shared_ptr<const ipc::ClientBoardReader> client_board,
               const ipc::Descriptor& instance_board, ipc::Descriptor doorbell,
               InheritedDescriptors& inherited)
      : client_board_(std::move(client_board)),
        instance_board_(instance_board),
        doorbell_(std::move(doorbell), inherited) {}

  const ipc::ClientBoard& client_board() const { return client_board_->board(); }
  const ipc::InstanceBoard& board() const { return instance_board_.board(); }

  // After the tail's store, with nothing but a plain load in between (ipc/doorbell.hpp says why that is
  // enough).
  void wake_drainer();

  // Into the channel's first lane, where the daemon looks for it.
  void count_refusal(int code, std::uint64_t times = 1) {
    if (ipc::LaneWriter* first = first_lane_.load(std::memory_order_acquire))  // pairs with add_lane
      first->count_refusals(static_cast<std::size_t>(-code), times);
  }

  // Control thread.
  void add_lane(ipc::LaneWriter& lane) {
    if (first_lane_.load(std::memory_order_relaxed) == nullptr)
      first_lane_.store(&lane, std::memory_order_release);  // pairs with count_refusal
  }

 private:
  std::shared_ptr<const ipc::ClientBoardReader> client_board_;
  ipc::InstanceBoardReader instance_board_;
  ListedDescriptor doorbell_;
  std::atomic<ipc::LaneWriter*> first_lane_{nullptr};
  std::atomic<std::uint32_t> rung_{0};  // the number of the sleep that this process has ended
};

}  // namespace ringpost::client
