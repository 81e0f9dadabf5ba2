#include "client-lib/channel.hpp"

#include <algorithm>
#include <utility>

#include "client-lib/limits.hpp"

namespace ringpost::client {

LaneSlot* Channel::claim(std::uint32_t thread_id, std::uint32_t hint) {
  const std::uint32_t count = slots_used_.load(std::memory_order_acquire);  // pairs with add_lane
  if (hint < count && slots_[hint].try_claim(thread_id)) return &slots_[hint];
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t at = 0; at < count; ++at) {
      if (!slots_[at].try_claim(thread_id)) continue;
      note_contention();
      return &slots_[at];
    }
  }
  note_contention();
  return nullptr;
}

LaneSlot* Channel::claim_with_room(std::uint32_t thread_id, const LaneSlot& held, const InstanceLink& link,
                                   std::size_t size_bytes) {
  const std::uint32_t count = slots_used_.load(std::memory_order_acquire);  // pairs with add_lane
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t at = 0; at < count; ++at) {
      LaneSlot& slot = slots_[at];
      // A look costs two loads, a claim two locked writes: a call that finds everything full must be cheap.
      if (&slot == &held || slot.peek_room_bytes(link) < size_bytes) continue;
      if (!slot.try_claim(thread_id)) continue;
      if (slot.is_one_of(*link.lanes()) && slot.writer().reserve(size_bytes, slot.released()) != nullptr)
        return &slot;
      slot.release();
    }
  }
  return nullptr;
}

std::uint32_t Channel::claimed_count() const {
  const std::uint32_t count = slots_used_.load(std::memory_order_acquire);  // pairs with add_lane
  return static_cast<std::uint32_t>(std::count_if(slots_.begin(), slots_.begin() + count,
                                                  [](const LaneSlot& slot) { return slot.is_claimed(); }));
}

void Channel::note_contention() {
  const std::uint32_t claimed = claimed_count();
  std::uint32_t peak = claimed_peak_.load(std::memory_order_relaxed);
  // Read in lanes_wanted: a figure that orders nothing.
  while (claimed > peak && !claimed_peak_.compare_exchange_weak(peak, claimed, std::memory_order_relaxed)) {
  }
}

std::shared_ptr<InstanceLink> Channel::link() const {
  const std::lock_guard lock(link_mutex_);
  return link_;
}

std::shared_ptr<LaneSet> Channel::lanes_of(std::uint64_t connection) const {
  if (link_ != nullptr && link_->lanes()->connection() == connection) return link_->lanes();
  return std::make_shared<LaneSet>(connection);
}

void Channel::set_link(std::shared_ptr<InstanceLink> link, std::uint32_t lanes_max) {
  if (link_ != nullptr) old_links_.push_back({link_, link_, link_.get()});  // first: it may throw
  lanes_max_.store(std::min(lanes_max, ipc::kLanesPerChannelMax), std::memory_order_relaxed);  // a figure
  if (link == nullptr || link_ == nullptr || link->lanes() != link_->lanes()) {
    lane_count_.store(0, std::memory_order_relaxed);
  } else {
    for (LaneSlot& slot : slots_) {
      if (!slot.is_closed() && slot.lanes() == link->lanes().get()) slot.move_to(link.get());
    }
  }
  const std::lock_guard lock(link_mutex_);
  link_ = std::move(link);
}

bool Channel::add_lane(const ipc::Descriptor& memory, std::uint32_t board_slot) {
  const auto closed =
      std::find_if(slots_.begin(), slots_.end(), [](const LaneSlot& slot) { return slot.is_closed(); });
  if (closed == slots_.end()) return false;
  closed->put(memory, *link_, board_slot);
  lane_count_.fetch_add(1, std::memory_order_relaxed);
  const std::uint32_t end = index_of(*closed) + 1;
  if (end > slots_used_.load(std::memory_order_relaxed))
    slots_used_.store(end, std::memory_order_release);  // pairs with claim
  return true;
}

std::uint32_t Channel::lanes_wanted() const {
  const std::uint32_t busy = claimed_peak_.load(std::memory_order_relaxed);
  return std::min(std::max(kLanesAtHello, busy + kLanesAhead), lanes_max());
}

void Channel::begin_retiring() {
  for (LaneSlot& slot : slots_) {
    if (!slot.is_closed()) slot.move_to(nullptr);
  }
  set_link(nullptr, 0);
}

bool Channel::retire() {
  const bool lanes_gone = retire_lanes();
  return drop_old_links() && lanes_gone;
}

bool Channel::retire_lanes() {
  const LaneSet* const present = link_ != nullptr ? link_->lanes().get() : nullptr;
  bool all_gone = true;
  for (LaneSlot& slot : slots_) {
    if (slot.is_closed() || slot.lanes() == present) continue;
    if (!take_all_of(slot.lanes())) {
      all_gone = false;
      continue;
    }
    // Copied, for clear() lets go of the slot's own.
    const LaneSet* const old = slot.lanes();
    for (LaneSlot& other : slots_) {
      if (!other.is_closed() && other.lanes() == old) other.clear();
    }
  }
  return all_gone;
}

bool Channel::take_all_of(const LaneSet* lanes) {
  bool all = true;
  for (LaneSlot& slot : slots_) {
    if (slot.is_closed() || slot.lanes() != lanes) continue;
    if (!slot.take() && !slot.take_from_dead()) all = false;
  }
  return all;
}

bool Channel::drop_old_links() {
  bool all_gone = true;
  for (OldLink& old : old_links_) {
    if (old.link == nullptr) continue;
    if (std::any_of(slots_.begin(), slots_.end(),
                    [&](LaneSlot& slot) { return slot.may_use(old.noted_as); })) {
      all_gone = false;
    } else {
      old.link.reset();
    }
  }
  // A slot that nobody has claimed since still has the address noted: were a later link to get it, the slot would be
  // taken for one that has moved.
  std::erase_if(old_links_, [this](const OldLink& old) {
    return old.link == nullptr && std::none_of(slots_.begin(), slots_.end(), [&](const LaneSlot& slot) {
             return slot.notes(old.noted_as);
           });
  });
  return all_gone;
}

bool Channel::has_moved(std::uint64_t connection) {
  return std::all_of(slots_.begin(), slots_.end(), [&](LaneSlot& slot) {
    return slot.is_closed() || slot.lanes()->connection() != connection || slot.has_moved();
  });
}

void Channel::note_held(std::uint64_t connection, HeldLanes& held) const {
  for (const LaneSlot& slot : slots_) {
    if (!slot.is_closed() && slot.lanes()->connection() == connection) held.set(slot.board_slot());
  }
}

void Channel::free_claims_of_dead_threads() {
  for (LaneSlot& slot : slots_) {
    if (!slot.is_closed() && slot.take_from_dead()) slot.give_back();
  }
}

void Channel::count_noted() {
  if (!link_) return;
  for (std::size_t code = 0; code < refused_.size(); ++code) {
    if (refused_[code].load(std::memory_order_relaxed) == 0) continue;
    const std::uint64_t times = refused_[code].exchange(0, std::memory_order_relaxed);  // from note_refusal
    link_->count_refusal(-static_cast<int>(code), times);
  }
}

std::uint64_t Channel::published_bytes() const {
  std::uint64_t bytes = 0;
  for (const LaneSlot& slot : slots_) bytes += slot.published_bytes();
  return bytes;
}

}  // namespace ringpost::client
