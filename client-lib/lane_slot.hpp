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
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "client-lib/instance_link.hpp"
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
    if (!retiring_.load(std::memory_order_relaxed)) return true;
    release();
    return false;
  }
  void release() {
    const std::uint64_t mine = claim_.load(std::memory_order_relaxed);
    claim_.store(mine & ~kHolderMask, std::memory_order_release);  // pairs with try_claim and take
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
  InstanceLink& link() { return *link_; }
  const std::atomic<std::uint64_t>& released() const { return *released_; }
  bool retiring() const { return retiring_.load(std::memory_order_relaxed); }
  const ipc::TopicEntry* topic_hint = nullptr;  // of the lane's last event
  struct Pending {                              // an open reservation
    const Channel* channel = nullptr;
    std::byte* record = nullptr;
    std::byte* message = nullptr;
    std::size_t capacity = 0;
  } pending;

  // Free bytes, for who holds a claim on another slot of `link` (whose lanes are unmapped together); 0 where
  // this slot's lane is none of them.
  std::size_t peek_room_bytes(const InstanceLink& link) const {
    if (link_seen_.load(std::memory_order_acquire) != &link) return 0;  // pairs with put()
    return writer_->room_bytes(*released_);
  }

  // For the control thread alone.
  bool is_closed() const { return !writer_.has_value(); }
  void put(const ipc::Descriptor& memory, std::shared_ptr<InstanceLink> link, std::uint32_t board_slot);
  void begin_retiring() { retiring_.store(true, std::memory_order_relaxed); }  // read in try_claim
  bool take();                                                                 // the claim, if nobody has it
  bool take_from_dead();  // the claim, if its thread has ended; the lane is then where that thread left it
  void give_back() { release(); }
  bool taken() const { return holder(claim_.load(std::memory_order_relaxed)) == kControl; }
  void clear();  // unmaps; with the claim
  std::uint64_t published_bytes() const { return writer_ ? writer_->published_bytes() : 0; }
  const InstanceLink* link_of_lane() const { return link_.get(); }

 private:
  static constexpr std::uint32_t kNobody = 0;
  static constexpr std::uint32_t kControl = 0xFFFFFFFF;
  static constexpr std::uint64_t kHolderMask = 0xFFFFFFFF;
  static constexpr std::uint64_t kOneClaim = std::uint64_t{1} << 32;
  static constexpr std::uint32_t holder(std::uint64_t claim) { return static_cast<std::uint32_t>(claim); }

  std::atomic<std::uint64_t> claim_{kControl};
  std::atomic<bool> retiring_{false};
  std::optional<ipc::LaneWriter> writer_;
  std::shared_ptr<InstanceLink> link_;
  std::atomic<const InstanceLink*> link_seen_{nullptr};
  const std::atomic<std::uint64_t>* released_ = nullptr;
};

}  // namespace ringpost::client
