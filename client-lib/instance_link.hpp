// What one daemon gave for one instance over one connection: the boards and the doorbell. The lanes may be older: where
// another daemon adopts the connection, each lane moves to the new link with the next call that claims it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "client-lib/inherited_descriptors.hpp"
#include "client-lib/lane_set.hpp"
#include "ipc/board.hpp"
#include "ipc/doorbell.hpp"

namespace ringpost::client {

class InstanceLink {
 public:
  InstanceLink(std::shared_ptr<LaneSet> lanes, std::shared_ptr<const ipc::ClientBoardReader> client_board,
               const ipc::Descriptor& instance_board, ipc::Descriptor doorbell,
               InheritedDescriptors& inherited)
      : lanes_(std::move(lanes)),
        client_board_(std::move(client_board)),
        instance_board_(instance_board),
        doorbell_(std::move(doorbell), inherited) {}

  const std::shared_ptr<LaneSet>& lanes() const { return lanes_; }
  const ipc::ClientBoard& client_board() const { return client_board_->board(); }
  const ipc::InstanceBoard& board() const { return instance_board_.board(); }

  // After the tail's store, with nothing but a plain load in between (ipc/doorbell.hpp says why that is
  // enough).
  void wake_drainer();

  void count_refusal(int code, std::uint64_t times = 1) { lanes_->count_refusal(code, times); }

 private:
  std::shared_ptr<LaneSet> lanes_;
  std::shared_ptr<const ipc::ClientBoardReader> client_board_;
  ipc::InstanceBoardReader instance_board_;
  ListedDescriptor doorbell_;
  std::atomic<std::uint32_t> rung_{0};  // the number of the sleep that this process has ended
};

}  // namespace ringpost::client
