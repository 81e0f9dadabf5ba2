// The arena's books: for each topic the totals of what is gone for good. In shared memory, two copies each; what is changed
// counts from the arena's next commit on (ipc/arena_layout.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/arena_layout.hpp"

namespace ringpost::daemon {

// What has become of records. Sums of it: of one topic, or of all.
struct Totals {
  std::uint64_t waiting = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dead = 0;  // overdue ones, too
  std::uint64_t spooled = 0;
  // Of what was spooled, here or in another arena, and whose segment is gone.
  std::uint64_t disk_delivered = 0;
  std::uint64_t disk_dead = 0;
  std::uint64_t disk_foreign = 0;

  Totals& operator+=(const Totals& more);
  bool operator==(const Totals&) const = default;
};

struct TopicTotals : Totals {
  std::string name;  // empty: of all names that are not listed
  bool operator==(const TopicTotals&) const = default;
};

// What a segment of the spool had of one topic when it was removed: each of its records had ended.
struct SegmentBook {
  std::string_view topic;
  std::uint64_t delivered = 0;
  std::uint64_t dead = 0;
  std::uint64_t foreign = 0;  // of these, accepted by another arena
};

class Books {
 public:
  // `table` has ipc::kBooksMax books; `selector` is the arena's. Of zeroed memory, or of what a dead daemon has left: then
  // the copies are wiped that its next commit would have made true. Throws std::runtime_error when it is damaged.
  Books(ipc::ArenaBook* table, const std::atomic<std::uint64_t>& selector);

  // The topic's book, made where there is none yet: 0 where the table is full.
  std::uint32_t open(std::string_view topic);
  std::uint32_t count() const { return count_; }

  // As of the last commit.
  const ipc::BookTotals& totals(std::uint32_t book) const {
    return table_[book]
        .totals[counting(table_[book], selector_->load(std::memory_order_acquire))];  // Arena::commit()
  }
  // As of the next commit: what was changed for it before is in it.
  ipc::BookTotals& change(std::uint32_t book);

  std::vector<TopicTotals> topics() const;

 private:
  static std::string_view name_of(const ipc::ArenaBook& book);
  // Which of the two copies.
  static std::size_t counting(const ipc::ArenaBook& book, std::uint64_t selector);

  ipc::ArenaBook* table_;
  const std::atomic<std::uint64_t>* selector_;
  std::uint32_t count_ = 1;  // the one without a name is always there
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
};

}  // namespace ringpost::daemon
