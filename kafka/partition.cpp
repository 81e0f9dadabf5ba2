#include "kafka/partition.hpp"

#include <algorithm>

#include "kafka/producer.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::size_t kMinRecords = 16;
// Of what is free, a partition takes at most a quarter: stuck ones leave room for the others, however many
// they are.
constexpr std::size_t kShare = 4;

}  // namespace

bool Partition::has_room(const Entry& next, std::size_t free_records, std::uint32_t cap_bytes) const {
  if (inside_ == 0) {
    return true;
  }
  if (suspects_inside_ != 0 || next.suspect != 0) {
    return false;
  }
  const std::uint64_t limit_bytes = std::min(proving_ ? kProvingBytes : limit_.bytes(), cap_bytes);
  return inside_ < std::max(kMinRecords, free_records / kShare) &&
         inside_bytes_ + next.cost_bytes() <= limit_bytes;
}

void Partition::enter(const Entry& entry, std::int64_t now_ns) {
  limit_.handed(next_position(), now_ns);
  window_.push_back(entry);
  window_.back().tried = 1;
  earliest_inside_ns_ = std::min(earliest_inside_ns_, entry.deadline_ns);
  ++inside_;
  inside_bytes_ += entry.cost_bytes();
  suspects_inside_ += entry.suspect;
}

Entry* Partition::find(std::uint64_t position) {
  const std::uint64_t index = (position - first_position_) & RecordTag::kPositionMask;
  if (index >= window_.size() || window_[index].done != 0) {
    return nullptr;
  }
  return &window_[index];
}

const Entry* Partition::oldest_keyed() const {
  for (const Entry& entry : window_) {
    if (entry.done == 0 && entry.keyed()) return &entry;
  }
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    if (queue_.at(i).keyed()) return &queue_.at(i);
  }
  return nullptr;
}

void Partition::suspect(Entry& entry) {
  if (entry.suspect == 0) {
    entry.suspect = 1;
    ++suspects_;
    ++suspects_inside_;
  }
}

// Of what a report says modulo 2^44, for a record that is inside.
std::uint64_t Partition::full_position(std::uint64_t position) const {
  return first_position_ + ((position - first_position_) & RecordTag::kPositionMask);
}

void Partition::acknowledge(Entry& entry, std::uint64_t position, std::int64_t now_ns) {
  proving_ = false;
  limit_.acknowledged(full_position(position), entry.size_bytes, now_ns);
}

void Partition::finish(Entry& entry) {
  standstill_.moved();
  entry.done = 1;
  --inside_;
  inside_bytes_ -= entry.cost_bytes();
  suspects_ -= entry.suspect;
  suspects_inside_ -= entry.suspect;
  while (!window_.empty() && window_.front().done != 0) {
    window_.pop_front();
    ++first_position_;
  }
}

std::size_t Partition::return_window(std::vector<Entry>& overdue) {
  const std::size_t returned = inside_;
  const auto known = static_cast<std::ptrdiff_t>(overdue.size());
  first_position_ += window_.size();
  for (; !window_.empty(); window_.pop_back()) {
    const Entry& entry = window_.back();
    if (entry.done == 0 && entry.overdue != 0) {
      overdue.push_back(entry);
      suspects_ -= entry.suspect;
    } else if (entry.done == 0) {
      queue_.push_front(entry);
    }
  }
  std::reverse(overdue.begin() + known, overdue.end());
  earliest_inside_ns_ = kNever;
  inside_ = 0;
  inside_bytes_ = 0;
  suspects_inside_ = 0;
  proving_ = true;
  limit_.restart();
  return returned;
}

void Partition::clear_suspects() {
  queue_.clear_suspects();
  suspects_ = 0;
}

void Partition::suspect_front(Entry& entry) {
  if (entry.suspect == 0) {
    entry.suspect = 1;
    ++suspects_;
  }
}

}  // namespace ringpost::kafka
