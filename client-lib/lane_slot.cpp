#include "client-lib/lane_slot.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "ipc/descriptor.hpp"

namespace ringpost::client {
namespace {

// The process's first thread keeps its id until the last one has ended; what is left of it is a zombie.
bool first_thread_has_ended() {
  const std::string path = "/proc/self/task/" + std::to_string(::getpid()) + "/stat";
  const ipc::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 128> bytes{};
  const ssize_t size = file ? ::read(file.get(), bytes.data(), bytes.size()) : -1;
  const std::string_view text(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  const std::size_t name_end = text.rfind(')');  // "PID (name) STATE ...", and the name may hold anything
  return name_end != std::string_view::npos && text.substr(name_end, 3) == ") Z";
}

bool thread_has_ended(pid_t thread) {
  if (::tgkill(::getpid(), thread, 0) != 0) return errno == ESRCH;
  return thread == ::getpid() && first_thread_has_ended();
}

}  // namespace

void LaneSlot::put(const ipc::Descriptor& memory, InstanceLink& link, std::uint32_t board_slot) {
  writer_.emplace(memory);
  writer_->hide_from_children();
  writer_->prefault();
  lanes_ = link.lanes();
  lanes_->add(*writer_);
  board_slot_ = board_slot;
  released_ = &link.client_board().slots[board_slot].released;
  topic_hint = nullptr;
  pending = {};
  link_.store(&link, std::memory_order_relaxed);
  next_link_.store(&link, std::memory_order_release);          // pairs with try_claim
  lanes_seen_.store(lanes_.get(), std::memory_order_release);  // pairs with is_one_of
  release();
}

// The claim was made, and the link is not the one to use any more.
bool LaneSlot::follow() {
  // All four sequentially consistent: either the control thread, which has stored another next link before it looks at
  // link_ in may_use(), finds what is stored here, or the second look finds that other one.
  InstanceLink* next = next_link_.load(std::memory_order_seq_cst);
  while (next != nullptr) {
    link_.store(next, std::memory_order_seq_cst);
    InstanceLink* const still = next_link_.load(std::memory_order_seq_cst);  // pairs with move_to
    if (still == next) {
      released_ = &next->client_board().slots[board_slot_].released;
      topic_hint = nullptr;  // it lies on the old board
      return true;
    }
    next = still;
  }
  release();
  return false;
}

// True: nobody has the claim, and whoever makes the next one finds the next link. Changes nothing, so that a publisher
// never finds the claim taken. Acquire: pairs with the last holder's release(); release: with try_claim.
bool LaneSlot::pass_on() {
  std::uint64_t now = claim_.load(std::memory_order_relaxed);
  if (holder(now) == kControl) return true;
  return holder(now) == kNobody &&
         claim_.compare_exchange_strong(now, now, std::memory_order_acq_rel, std::memory_order_relaxed);
}

bool LaneSlot::may_use(const InstanceLink* link) {
  // Pairs with follow().
  return !is_closed() && link_.load(std::memory_order_seq_cst) == link && !pass_on();
}

bool LaneSlot::has_moved() {
  const InstanceLink* const next = next_link_.load(std::memory_order_relaxed);  // our own last store
  if (next == nullptr) return false;
  return link_.load(std::memory_order_acquire) == next || pass_on();  // pairs with follow
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
  if (!thread_has_ended(static_cast<pid_t>(holder(now)))) return false;
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
  lanes_seen_.store(nullptr, std::memory_order_relaxed);  // nobody who may look holds a claim of this set
  link_.store(nullptr, std::memory_order_relaxed);
  topic_hint = nullptr;
  released_ = nullptr;
  writer_.reset();
  lanes_.reset();
}

}  // namespace ringpost::client
