#include "daemon/instance/ledger.hpp"

#include <utility>

namespace ringpost::daemon {

Balance balance_of(const Totals& arena, const TopicOnDisk& disk, bool disk_is_read) {
  Balance balance;
  balance.waiting_in_arena = arena.waiting;
  balance.delivered = arena.delivered + arena.disk_delivered + disk.delivered;
  balance.dead = arena.dead + arena.disk_dead + disk.dead;
  balance.waiting_on_disk = disk.waiting();
  const std::uint64_t here = arena.waiting + arena.delivered + arena.dead + arena.spooled;
  // What the arena gave to the disk has to be there, or to have been, in a segment that is removed by now.
  const std::uint64_t given = arena.spooled;
  const std::uint64_t found =
      disk.records - disk.foreign + arena.disk_delivered + arena.disk_dead - arena.disk_foreign;
  balance.accepted = here + disk.foreign + arena.disk_foreign;
  if (found > given)
    balance.accepted += found - given;  // a copy that could not be marked as taken back: it counts
  if (found < given && disk_is_read) {
    balance.missing = given - found;
    balance.dead += balance.missing;
  } else if (found < given) {
    balance.waiting_on_disk += given - found;
  }
  return balance;
}

Balance balance(const Arena& arena, const Spool* spool) {
  return balance_of(arena.sums(), spool != nullptr ? spool->totals() : TopicOnDisk{}, spool != nullptr);
}

std::vector<TopicBalance> topic_balances(const Arena& arena, const Spool* spool) {
  TopicsOnDisk on_disk = spool != nullptr ? spool->topics() : TopicsOnDisk{};
  std::vector<TopicTotals> topics = arena.totals();
  std::vector<TopicBalance> balances;
  for (auto topic = topics.rbegin(); topic != topics.rend(); ++topic) {
    TopicOnDisk disk;
    if (topic->name.empty()) {  // the last: all that has no book of its own
      for (const auto& [name, counts] : on_disk) disk += counts;
    } else if (auto found = on_disk.extract(topic->name)) {
      disk = found.mapped();
    }
    balances.push_back({balance_of(*topic, disk, spool != nullptr), std::move(topic->name)});
  }
  return {balances.rbegin(), balances.rend()};
}

}  // namespace ringpost::daemon
