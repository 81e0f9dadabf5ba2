// A channel: this process and one instance. Lives as long as the handle; its lanes come and go with
// connections, its links with daemons.
//
// A thread that publishes finds its channel by name and claims one of its lanes. The claim keeps everything
// that the call looks at mapped, so that nothing here needs a lock or a count of readers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "client-lib/connection.hpp"
#include "client-lib/lane_slot.hpp"

namespace ringpost::client {

enum class ChannelState : std::uint8_t {
  kAbsent,  // the daemon that answers now does not know the instance
  kDenied,  // it knows it, but not for this user
  kOpen,
};

class Channel {
 public:
  explicit Channel(std::string_view name) : name_(name) {}

  const std::string& name() const { return name_; }
  ChannelState state() const { return state_.load(std::memory_order_relaxed); }

  // Any free lane: first the one at `hint`, then the others, each tried twice. nullptr: there is none. Never
  // waits.
  LaneSlot* claim(std::uint32_t thread_id, std::uint32_t hint);

  // For the holder of `held`, which has no room: another lane with `size_bytes` of room, claimed; nullptr:
  // there is none. `held` stays claimed.
  LaneSlot* claim_with_room(std::uint32_t thread_id, const LaneSlot& held, const InstanceLink& link,
                            std::size_t size_bytes);

  std::uint32_t index_of(const LaneSlot& slot) const {
    return static_cast<std::uint32_t>(&slot - slots_.data());
  }
  std::uint32_t claimed_count() const;
  std::uint32_t lane_count() const {
    return lane_count_.load(std::memory_order_relaxed);
  }  // of the present connection

  // A refusal by a call that held no claim; the control thread puts these where the daemon sees them.
  void note_refusal(int code) {
    refused_[static_cast<std::size_t>(-code)].fetch_add(1,
                                                        std::memory_order_relaxed);  // taken in count_noted
  }

  // The link of now, for who may take a lock. nullptr: there is none.
  std::shared_ptr<InstanceLink> link() const;
  std::uint32_t lanes_max() const { return lanes_max_.load(std::memory_order_relaxed); }

  // For the control thread alone.
  void set_state(ChannelState state) {
    state_.store(state, std::memory_order_relaxed);
  }  // a verdict, orders nothing
  // The lanes of this connection, or none yet.
  std::shared_ptr<LaneSet> lanes_of(std::uint64_t connection) const;
  // Boards and doorbell from now on. Lanes that are of the link's set go over to it, others must be retiring.
  void set_link(std::shared_ptr<InstanceLink> link, std::uint32_t lanes_max);
  // Opens the lane in a closed slot; false: all slots are in use. Throws what LaneWriter throws.
  bool add_lane(const ipc::Descriptor& memory, std::uint32_t board_slot);
  // How many lanes there should be for what the calls have met so far.
  std::uint32_t lanes_wanted() const;
  // No call begins on the present lanes any more.
  void begin_retiring();
  // Goes on with that, and with old links: true when nothing of them is mapped any more.
  bool retire();
  // Whether all lanes of that connection, and the calls inside them, use the present link.
  bool has_moved(std::uint64_t connection);
  void note_held(std::uint64_t connection, HeldLanes& held) const;
  void free_claims_of_dead_threads();
  void count_noted();  // what note_refusal() noted, into the first lane
  std::uint64_t published_bytes() const;

  std::array<LaneSlot, ipc::kLanesPerChannelMax>& slots() { return slots_; }

 private:
  // A link that calls may still be using. Its address stays taken for as long as an idle slot has it noted.
  struct OldLink {
    std::shared_ptr<InstanceLink> link;   // nullptr: no call uses it any more
    std::weak_ptr<InstanceLink> address;  // keeps the memory of what make_shared made
    const InstanceLink* noted_as;
  };

  bool retire_lanes();
  bool take_all_of(const LaneSet* lanes);
  bool drop_old_links();
  void note_contention();

  const std::string name_;
  std::atomic<ChannelState> state_{ChannelState::kAbsent};
  std::atomic<std::uint32_t> slots_used_{0};  // slots at and above it have never held a lane
  std::atomic<std::uint32_t> claimed_peak_{
      0};  // the most claims that a call has seen at once, its own included
  std::atomic<std::uint32_t> lanes_max_{0};
  std::array<std::atomic<std::uint64_t>, ipc::kRefusedCodes> refused_{};

  mutable std::mutex link_mutex_;             // for link(), which no publish calls
  std::shared_ptr<InstanceLink> link_;        // written by the control thread under the mutex
  std::vector<OldLink> old_links_;            // control thread's
  std::atomic<std::uint32_t> lane_count_{0};  // a figure: orders nothing

  std::array<LaneSlot, ipc::kLanesPerChannelMax> slots_;
};

}  // namespace ringpost::client
