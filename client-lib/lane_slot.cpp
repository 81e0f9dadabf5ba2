#include "client-lib/lane_slot.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace ringpost::client {

void LaneSlot::put(const ipc::Descriptor& memory, std::shared_ptr<InstanceLink> link,
                   std::uint32_t board_slot) {
  writer_.emplace(memory);
  writer_->hide_from_children();
  writer_->prefault();
  link_ = std::move(link);
  link_->add_lane(*writer_);
  released_ = &link_->client_board().slots[board_slot].released;
  topic_hint = nullptr;
  pending = {};
  retiring_.store(false, std::memory_order_relaxed);
  link_seen_.store(link_.get(), std::memory_order_release);  // pairs with peek_room_bytes
  release();
}

bool LaneSlot::take() {
  std::uint64_t now = claim_.load(std::memory_order_relaxed);
  if (holder(now) != kNobody) return holder(now) == kControl;
  // Acquire: pairs with the last holder's release().
  return claim_.compare_exchange_strong(now, (now & ~kHolderMask) | kControl, std::memory_order_acquire,
                                        std::memory_order_relaxed);
}

bool LaneSlot::take_from_dead() {
  std::uint64_t now = claim_.load(std::memory_order_relaxed);
  if (holder(now) == kNobody || holder(now) == kControl) return false;
  if (::tgkill(::getpid(), static_cast<pid_t>(holder(now)), 0) == 0 || errno != ESRCH) return false;
  // There is no such thread, so the one that made this claim has ended; and if the claim is still the same
  // one (the high half counts them), then it ended with it. Acquire: pairs with show_claim().
  if (!claim_.compare_exchange_strong(now, (now & ~kHolderMask) | kControl, std::memory_order_acquire,
                                      std::memory_order_relaxed)) {
    return false;
  }
  writer_->recover();
  return true;
}

void LaneSlot::clear() {
  link_seen_.store(nullptr, std::memory_order_relaxed);  // nobody who may look holds a claim of this link
  topic_hint = nullptr;
  released_ = nullptr;
  writer_.reset();
  link_.reset();
}

}  // namespace ringpost::client
