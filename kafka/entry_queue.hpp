// Records that wait, in order: a deque of small entries and the soonest of their deadlines. An entry may stand for a
// block of records on disk.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <span>

#include "kafka/records.hpp"

namespace ringpost::kafka {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct Entry {
  static constexpr std::uint32_t kNoKey = 0xffffffffU;  // a positive murmur2 has 31 bits
  static constexpr std::uint32_t kMaxSizeBytes = (1U << 26U) - 1;
  // What a record costs beside key, headers and message: in a batch lengths, offsets and the ringpost-id header; in
  // memory and on disk what stands before it.
  static constexpr std::uint32_t kOverheadBytes = 128;

  Ticket ticket = 0;
  std::int64_t deadline_ns = kNever;  // CLOCK_MONOTONIC; of a block: the soonest of its records
  std::uint32_t key_hash = kNoKey;    // of a block: 0 when its records have keys
  std::uint32_t size_bytes : 26 = 0;  // of a block: how many records it has
  // Refused in a batch, or alone once: goes alone, and is dead when refused again.
  std::uint32_t suspect : 1 = 0;
  std::uint32_t done : 1 = 0;     // delivered or dead, but not yet at the front of its window
  std::uint32_t tried : 1 = 0;    // was handed over once: it may have arrived
  std::uint32_t overdue : 1 = 0;  // its deadline passed in a window, and the owner knows
  std::uint32_t block : 1 = 0;
  std::uint32_t fixed : 1 = 0;  // stands behind what is newer, or may: in no run with others

  bool keyed() const { return key_hash != kNoKey; }
  bool from_disk() const { return (ticket & kFromDisk) != 0; }
  std::uint32_t records() const { return block != 0 ? size_bytes : 1; }
  std::uint64_t cost_bytes() const { return std::uint64_t{size_bytes} + kOverheadBytes; }  // not of a block
};
static_assert(sizeof(Entry) == 24, "there can be a million of these");

class EntryQueue {
 public:
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  const Entry& front() const { return entries_.front(); }
  const Entry& at(std::size_t index) const { return entries_[index]; }

  void push_back(const Entry& entry) {
    entries_.push_back(entry);
    note_in(entry);
  }
  void push_front(const Entry& entry) {
    entries_.push_front(entry);
    note_in(entry);
  }
  Entry take_front() {
    const Entry entry = entries_.front();
    entries_.pop_front();
    note_out(entry);
    if (entries_.empty()) {
      earliest_ns_ = kNever;
    }
    return entry;
  }
  // `entries` take the place of `count` from `first` on.
  void replace(std::size_t first, std::size_t count, std::span<const Entry> entries);
  void delay(std::size_t index, std::int64_t deadline_ns) { entries_[index].deadline_ns = deadline_ns; }
  void clear_suspects();

  // Of the records in the owner's memory, and of those that were brought back from disk.
  std::uint64_t memory_bytes() const { return memory_bytes_; }
  std::uint64_t returned_bytes() const { return returned_bytes_; }
  std::size_t blocks() const { return blocks_; }

  // Not later than the soonest deadline; early after that entry has left, never late by more than kScanPause.
  std::int64_t earliest_deadline_ns() const { return earliest_ns_; }
  void look_again(std::int64_t now_ns) { earliest_ns_ = std::min(earliest_ns_, now_ns); }

  // Takes out what is past its deadline, in order, and gives each to `expired`. Blocks stay.
  template <typename Expired>
  void expire(std::int64_t now_ns, Expired&& expired) {
    if (now_ns < earliest_ns_) {
      return;
    }
    std::int64_t soonest_ns = kNever;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry entry = entries_[i];
      if (entry.block == 0 && entry.deadline_ns <= now_ns) {
        note_out(entry);
        expired(entry);
      } else {
        soonest_ns = std::min(soonest_ns, entry.deadline_ns);
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

  void note_in(const Entry& entry) {
    earliest_ns_ = std::min(earliest_ns_, entry.deadline_ns);
    if (entry.block != 0) {
      ++blocks_;
    } else {
      (entry.from_disk() ? returned_bytes_ : memory_bytes_) += entry.cost_bytes();
    }
  }
  void note_out(const Entry& entry) {
    if (entry.block != 0) {
      --blocks_;
    } else {
      (entry.from_disk() ? returned_bytes_ : memory_bytes_) -= entry.cost_bytes();
    }
  }

  std::deque<Entry> entries_;
  std::int64_t earliest_ns_ = kNever;
  std::uint64_t memory_bytes_ = 0;
  std::uint64_t returned_bytes_ = 0;
  std::size_t blocks_ = 0;
};

}  // namespace ringpost::kafka
