// The books of an instance, in whichever memory a record is: accepted = delivered + waiting + dead, of all and of each topic.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/disk/spool.hpp"
#include "daemon/instance/arena.hpp"

namespace ringpost::daemon {

struct Balance {
  std::uint64_t accepted = 0;
  std::uint64_t delivered = 0;
  std::uint64_t waiting_in_arena = 0;
  std::uint64_t waiting_on_disk = 0;
  std::uint64_t dead = 0;     // `missing` among them
  std::uint64_t missing = 0;  // was put on disk and is not there any more: files damaged or taken away

  bool adds_up() const { return accepted == delivered + waiting_in_arena + waiting_on_disk + dead; }
  bool operator==(const Balance&) const = default;
};
struct TopicBalance : Balance {
  std::string name;  // empty: of all names without a book of their own
};

// From sums of the arena and of what is on disk. `disk_is_read`: without it nobody knows what is on disk, and what was put
// there counts as waiting.
Balance balance_of(const Totals& arena, const TopicOnDisk& disk, bool disk_is_read);

Balance balance(const Arena& arena, const Spool* spool);
// In the order of the arena's books.
std::vector<TopicBalance> topic_balances(const Arena& arena, const Spool* spool);

}  // namespace ringpost::daemon
