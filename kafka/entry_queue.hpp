// Records that wait, in order: a deque of small entries and the soonest of their deadlines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>

#include "kafka/records.hpp"

namespace ringpost::kafka {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct Entry {
  static constexpr std::uint32_t kNoKey = 0xffffffffU;  // a positive murmur2 has 31 bits
  static constexpr std::uint32_t kMaxSizeBytes = (1U << 29U) - 1;

  Ticket ticket = 0;
  std::int64_t deadline_ns = kNever;  // CLOCK_MONOTONIC; kNever once it was handed over: it may have arrived
  std::uint32_t key_hash = kNoKey;
  std::uint32_t size_bytes : 29 = 0;
  std::uint32_t suspect : 1 =
      0;  // refused in a batch, or alone once: goes alone, and is dead when refused again
  std::uint32_t done : 1 = 0;  // delivered or dead, but not yet at the front of its window
  std::uint32_t spare : 1 = 0;

  bool keyed() const { return key_hash != kNoKey; }
};
static_assert(sizeof(Entry) == 24, "there can be a million of these");

class EntryQueue {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const Entry& front() const { return entries_.front(); }

  void push_back(const Entry& entry) {
    entries_.push_back(entry);
    note_deadline(entry);
  }
  void push_front(const Entry& entry) {
    entries_.push_front(entry);
    note_deadline(entry);
  }
  Entry take_front() {
    const Entry entry = entries_.front();
    entries_.pop_front();
    if (entries_.empty()) {
      earliest_ns_ = kNever;
    }
    return entry;
  }

  // Not later than the soonest deadline; early after that entry has left, never late by more than kScanPause.
  std::int64_t earliest_deadline_ns() const { return earliest_ns_; }

  // Takes out what is past its deadline, in order, and gives each to `expired`.
  template <typename Expired>
  void expire(std::int64_t now_ns, Expired&& expired) {
    if (now_ns < earliest_ns_) {
      return;
    }
    std::int64_t soonest_ns = kNever;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry entry = entries_[i];
      if (entry.deadline_ns <= now_ns) {
        expired(entry);
      } else {
        soonest_ns = entry.deadline_ns < soonest_ns ? entry.deadline_ns : soonest_ns;
        entries_[kept++] = entry;
      }
    }
    entries_.resize(kept);
    // A long queue that ends record by record must not be walked for each of them.
    earliest_ns_ =
        soonest_ns == kNever || soonest_ns > now_ns + kScanPauseNs ? soonest_ns : now_ns + kScanPauseNs;
  }

 private:
  static constexpr std::int64_t kScanPauseNs = 50'000'000;

  void note_deadline(const Entry& entry) {
    earliest_ns_ = entry.deadline_ns < earliest_ns_ ? entry.deadline_ns : earliest_ns_;
  }

  std::deque<Entry> entries_;
  std::int64_t earliest_ns_ = kNever;
};

}  // namespace ringpost::kafka
