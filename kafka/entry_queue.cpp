#include "kafka/entry_queue.hpp"

namespace ringpost::kafka {

void EntryQueue::replace(std::size_t first, std::size_t count, std::span<const Entry> entries) {
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(first);
  for (std::size_t i = first; i < first + count; ++i) {
    note_out(entries_[i]);
  }
  const std::size_t kept = std::min(count, entries.size());
  const auto rest = std::copy_n(entries.begin(), kept, begin);
  if (count > kept) {
    entries_.erase(rest, begin + static_cast<std::ptrdiff_t>(count));
  } else {
    entries_.insert(rest, entries.begin() + static_cast<std::ptrdiff_t>(kept), entries.end());
  }
  for (const Entry& entry : entries) {
    note_in(entry);
  }
  if (entries_.empty()) {
    earliest_ns_ = kNever;
  }
}

void EntryQueue::clear_suspects() {
  for (Entry& entry : entries_) {
    entry.suspect = 0;
  }
}

}  // namespace ringpost::kafka
