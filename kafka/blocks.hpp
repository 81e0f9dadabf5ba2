// Runs of records that go to disk and come back as a block: one entry of a queue takes the place of thousands, and
// gives it back. So the order in a queue never changes.
//
//   front ▶ │ e │ e │ e │ e │ e │ e │ e │         put_on_disk() of four
//           │ e │  block: 4 records │ e │ e │     bring_back(), when it is at the front
//           │ e'│ e'│ e'│ e'│ e │ e │             e': from disk, its bytes in memory until it has ended
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "kafka/entry_queue.hpp"
#include "kafka/murmur2.hpp"
#include "kafka/records.hpp"

namespace ringpost::kafka {

inline constexpr std::int64_t kBlockRetryNs = 1'000'000'000;  // after a bring_back() that said: later

// Of an Outbox::Addition, or of a RecordOwner::Returned.
template <typename Record>
Entry entry_of(const Record& record) {
  Entry entry;
  entry.ticket = record.ticket;
  entry.deadline_ns = record.deadline_ns == 0 ? kNever : record.deadline_ns;
  entry.key_hash = record.key ? positive_murmur2(*record.key) : Entry::kNoKey;
  entry.size_bytes = std::min(record.size_bytes, Entry::kMaxSizeBytes) & Entry::kMaxSizeBytes;
  entry.tried = record.tried ? 1 : 0;
  return entry;
}

struct Run {
  std::size_t first = 0;
  std::size_t count = 0;  // 0: there is none
  std::uint64_t bytes = 0;
};

// The oldest run from `from` on that may be spilled: in the owner's memory, all with a key or all without, no suspects
// (they must be found out first), none that is fixed. With `all`, for when there is nothing else, fixed ones are runs of one: what a successor sorts by
// their first sequences must not overlap with a block of the same key.
Run find_run(const EntryQueue& queue, std::size_t from, bool all = false);

// Since when a queue has got nothing done.
class Standstill {
 public:
  void moved() { moved_ = true; }
  void turn(bool waits, std::int64_t now_ns) {  // each turn of the thread
    if (moved_ || !waits) {
      moved_ = !waits;
      since_ns_ = now_ns;
    }
  }
  bool lasts(std::int64_t duration_ns, std::int64_t now_ns) const {
    return !moved_ && now_ns - since_ns_ >= duration_ns;
  }

 private:
  bool moved_ = true;  // since the latest turn, or never anything waited
  std::int64_t since_ns_ = 0;
};

class Blocks {
 public:
  explicit Blocks(RecordOwner& owner) : owner_(owner) {}

  std::uint64_t sequence(const Entry& entry) { return owner_.sequence(entry.ticket); }

  // The block at `index` gives its place to its records. What it had and has given differ when the owner found damage.
  struct Change {
    std::uint32_t had = 0;
    std::uint32_t given = 0;
  };
  // nullopt: not now, and the queue is as it was.
  std::optional<Change> bring_back(EntryQueue& queue, std::size_t index);
  // The same, for a block that has left its queue; its entries are valid until the next call. nullptr: not now.
  const std::vector<Entry>* bring_back(const Entry& block);

  // Of what was brought back, the newest first, until an entry that can't go or the owner says no. So of a block that is
  // in parts on disk and in memory, the older part is always the one that has stayed.
  void put_back(EntryQueue& queue, std::int32_t partition);

  // A block takes the place of `count` entries from `first` on. False: not now, and the queue is as it was.
  bool put_on_disk(EntryQueue& queue, std::size_t first, std::size_t count, std::int32_t partition);

 private:
  RecordOwner& owner_;
  std::vector<RecordOwner::Returned> returned_;
  std::vector<Entry> entries_;
  std::vector<Ticket> tickets_;
};

}  // namespace ringpost::kafka
