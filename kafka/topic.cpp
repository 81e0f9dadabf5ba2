#include "kafka/topic.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace ringpost::kafka {
namespace {

constexpr std::uint32_t kStickyBytes = 128 * 1024;

}  // namespace

void Topic::add(const Entry& entry) {
  ++queued;
  if (!entry.keyed()) {
    unkeyed.push_back(entry);
  } else if (keys_wait()) {
    unassigned.push_back(entry);
  } else {
    ++keyed_outstanding;
    partitions[entry.key_hash % static_cast<std::uint32_t>(key_count)].queue().push_back(entry);
  }
}

void Topic::place() {
  while (std::cmp_less(partitions.size(), facts.partition_count)) {
    partitions.emplace_back(static_cast<std::int32_t>(partitions.size()));
  }
  if (facts.partition_count == 0 || keyed_outstanding != 0 || place_anew_due) {
    return;
  }
  key_count = facts.partition_count;
  while (!unassigned.empty()) {
    const Entry entry = unassigned.take_front();
    ++keyed_outstanding;
    partitions[entry.key_hash % static_cast<std::uint32_t>(key_count)].queue().push_back(entry);
  }
}

Partition& Topic::sticky_partition(std::uint32_t size_bytes, bool move_on) {
  const std::int32_t count = std::max(facts.partition_count, 1);
  if (move_on || sticky_bytes_ >= kStickyBytes || sticky_ >= count) {
    sticky_ = (sticky_ + 1) % count;
    sticky_bytes_ = 0;
  }
  sticky_bytes_ += size_bytes;
  return partitions[static_cast<std::size_t>(sticky_)];
}

void Topic::place_anew(RecordOwner& owner) {
  std::vector<std::pair<std::uint64_t, Entry>> placed;
  std::vector<Header> headers;
  for (Partition& partition : partitions) {
    while (!partition.queue().empty()) {
      Entry entry = partition.queue().take_front();
      entry.suspect = 0;
      headers.clear();
      placed.emplace_back(owner.view(entry.ticket, headers).sequence, entry);
    }
  }
  std::sort(placed.begin(), placed.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [sequence, entry] : placed) {  // the newest first: all of them are older than what waits
    (entry.keyed() ? unassigned : unkeyed).push_front(entry);
  }
  partitions.clear();
  key_count = 0;
  keyed_outstanding = 0;
  place_anew_due = false;
  place();
}

std::int64_t Topic::earliest_deadline_ns() const {
  std::int64_t earliest_ns = std::min(unassigned.earliest_deadline_ns(), unkeyed.earliest_deadline_ns());
  for (const Partition& partition : partitions) {
    earliest_ns = std::min(earliest_ns, partition.queue().earliest_deadline_ns());
  }
  return earliest_ns;
}

std::uint32_t Topic::cap_bytes(std::uint32_t batch_bytes) const {
  const std::uint32_t limit_bytes = facts.max_message_bytes.value_or(kNoCap);
  return std::min(learnt_cap_bytes, limit_bytes <= batch_bytes ? limit_bytes : kNoCap);
}

}  // namespace ringpost::kafka
