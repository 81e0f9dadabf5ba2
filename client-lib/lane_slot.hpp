// One place of a channel where a lane may be, and the claim that makes one thread at a time its writer.
//
//     closed ──put()──▶ free ◀──release()── claimed by thread T
//       ▲                │ ──try_claim()──▶    │
//       │                ▼                     │ T has ended
//       └────────── claimed by the control thread ◀──┘ take_from_dead()
//
// The claim word holds who (low half: a thread id, kNobody, or kControl) and how often the slot was claimed
// (high half), so that "the same claim as before" can be told from "the same thread again". Whoever holds the
// claim may touch everything in the slot, and whatever the slot's link leads to stays mapped.
//
// Where another daemon adopts the connection, the lane stays and its link changes. The control thread only says which
// link is next; whoever claims the lane then goes over to it before anything else, so that no call ever finds a lane
// taken away from it. The old link is let go when no slot can use it any more:
//
//     control thread                             publisher
//     next = new                                 claim
//     link is not the old one,  ┐                next == link? go on
//     or the slot is free and   ├─▶ old link     link = next; next still the same? released, topic hint anew; go on
//     was passed on (pass_on)   ┘   unmapped     use what `link` leads to; release
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "client-lib/instance_link.hpp"
#include "client-lib/lane_set.hpp"
#include "ipc/lane_writer.hpp"
#include "ipc/limits.hpp"

namespace ringpost::client {

class Channel;

class alignas(2 * ipc::kCacheLineBytes) LaneSlot {
 public:
  // A thread that publishes. False: somebody else has it, or the lane is being retired.
  bool try_claim(std::uint32_t thread_id) {
    std::uint64_t now = claim_.load(std::memory_order_relaxed);
    if (holder(now) != kNobody) return false;
    const std::uint64_t mine = (now & ~kHolderMask) + kOneClaim + thread_id;
    // Acquire: pairs with the release in release() and put(), whose holder's writes we go on from.
    if (!claim_.compare_exchange_strong(now, mine, std::memory_order_acquire, std::memory_order_relaxed))
      return false;
    // Acquire: pairs with put() and move_to(); what the link leads to is complete.
    if (next_link_.load(std::memory_order_acquire) == link_.load(std::memory_order_relaxed)) [[likely]]
      return true;
    return follow();
  }
  void release() {
    const std::uint64_t mine = claim_.load(std::memory_order_relaxed);
    claim_.store(mine & ~kHolderMask, std::memory_order_release);  // pairs with try_claim, take, pass_on
  }
  // Makes what the holder has written so far visible to who may find it dead.
  void show_claim() {
    claim_.store(claim_.load(std::memory_order_relaxed),
                 std::memory_order_release);  // pairs with take_from_dead
  }
  bool is_claimed() const {
    const std::uint32_t who = holder(claim_.load(std::memory_order_relaxed));
    return who != kNobody && who != kControl;
  }

  // For the holder of the claim.
  ipc::LaneWriter& writer() { return *writer_; }
  InstanceLink& link() { return *link_.load(std::memory_order_relaxed); }  // ours since the claim
  const std::atomic<std::uint64_t>& released() const { return *released_; }
  bool retiring() const { return next_link_.load(std::memory_order_relaxed) == nullptr; }
  const ipc::TopicEntry* topic_hint = nullptr;  // of the lane's last event
  struct Pending {                              // an open reservation
    const Channel* channel = nullptr;
    std::byte* record = nullptr;
    std::byte* message = nullptr;
    std::size_t capacity = 0;
  } pending;

  // Free bytes as `link`'s board says, for who keeps `link` mapped and holds a claim on one of its lanes (which are
  // unmapped together); 0 where this slot's lane is none of them.
  std::size_t peek_room_bytes(const InstanceLink& link) const {
    if (!is_one_of(*link.lanes())) return 0;
    return writer_->room_bytes(link.client_board().slots[board_slot_].released);
  }
  bool is_one_of(const LaneSet& lanes) const {
    return lanes_seen_.load(std::memory_order_acquire) == &lanes;  // pairs with put()
  }

  // For the control thread alone.
  bool is_closed() const { return !writer_.has_value(); }
  void put(const ipc::Descriptor& memory, InstanceLink& link, std::uint32_t board_slot);
  // Whoever claims the lane from now on uses `next`; nullptr: nobody does, the lane is being retired.
  void move_to(InstanceLink* next) {
    next_link_.store(next, std::memory_order_seq_cst);
  }  // pairs with follow
  // Whether a call may look at what `link` leads to. `link` is not the one that the slot was last told to move to.
  bool may_use(const InstanceLink* link);
  bool notes(const InstanceLink* link) const { return link_.load(std::memory_order_relaxed) == link; }
  // No call looks at anything but the link that the slot was last told to move to.
  bool has_moved();
  bool take();            // the claim, if nobody has it
  bool take_from_dead();  // the claim, if its thread has ended; the lane is then where that thread left it
  void give_back() { release(); }
  void clear();  // unmaps; with the claim
  std::uint64_t published_bytes() const { return writer_ ? writer_->published_bytes() : 0; }
  const LaneSet* lanes() const { return lanes_.get(); }
  std::uint32_t board_slot() const { return board_slot_; }

 private:
  static constexpr std::uint32_t kNobody = 0;
  static constexpr std::uint32_t kControl = 0xFFFFFFFF;
  static constexpr std::uint64_t kHolderMask = 0xFFFFFFFF;
  static constexpr std::uint64_t kOneClaim = std::uint64_t{1} << 32;
  static constexpr std::uint32_t holder(std::uint64_t claim) { return static_cast<std::uint32_t>(claim); }

  [[gnu::cold]] bool follow();
  bool pass_on();

  std::atomic<std::uint64_t> claim_{kControl};
  std::atomic<InstanceLink*> next_link_{nullptr};
  // Written by the holder of the claim. Between two claims it may name a link that is gone, whose address no other
  // link gets meanwhile (Channel::drop_old_links).
  std::atomic<InstanceLink*> link_{nullptr};
  const std::atomic<std::uint64_t>* released_ = nullptr;
  std::optional<ipc::LaneWriter> writer_;
  std::shared_ptr<LaneSet> lanes_;
  std::atomic<const LaneSet*> lanes_seen_{nullptr};
  std::uint32_t board_slot_ = 0;  // the lane's for life, on every daemon's board
};

}  // namespace ringpost::client
