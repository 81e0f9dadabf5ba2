#include "kafka/topic.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "kafka/outbox.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::uint32_t kStickyBytes = 128 * 1024;

}  // namespace

void Topic::put_in_partition(const Entry& entry) {
  ++keyed_outstanding;
  partition_of(entry).queue().push_back(entry);
}

// Elements of a former partition count can overlap: what is older than something before it in its new queue may stand in
// no run with what is newer, or a successor, who sorts by first sequences, would place that too early.
void Topic::put_in_partition(Blocks& blocks, Entry entry) {
  if (entry.fixed != 0 || entry.from_disk()) {
    const std::uint64_t sequence = blocks.sequence(entry);
    entry.fixed = partition_of(entry).note_placed(sequence) ? 0 : 1;
  }
  put_in_partition(entry);
}

void Topic::add(const Entry& entry) {
  ++queued;
  if (!entry.keyed()) {
    unkeyed.push_back(entry);
  } else if (keys_wait() || !unassigned.empty()) {
    Entry waiting = entry;
    waiting.fixed = inherits ? 1 : 0;
    unassigned.push_back(waiting);
  } else {
    put_in_partition(entry);
  }
}

void Topic::add_block(const Entry& block) {
  queued += block.records();
  if (block.keyed()) {
    unassigned.push_back(block);
    inherits = true;
  } else {
    unkeyed.push_back(block);
  }
}

std::int64_t Topic::place(Blocks& blocks, std::int64_t now_ns) {
  while (std::cmp_less(partitions.size(), facts.partition_count)) {
    partitions.emplace_back(static_cast<std::int32_t>(partitions.size()));
  }
  if (facts.partition_count == 0 || place_anew_due) {
    return kNever;
  }
  if (keys_wait()) {
    if (keyed_outstanding != 0) {
      return kNever;
    }
    key_count = facts.partition_count;
  }
  for (int budget = kBlocksACall; !unassigned.empty();) {
    if (unassigned.front().block == 0) {
      put_in_partition(blocks, unassigned.take_front());
      unassigned_standstill.moved();
      continue;
    }
    if (now_ns < blocks_retry_at_ns) {
      return blocks_retry_at_ns;
    }
    if (!flows(blocks, now_ns)) {
      return now_ns + Outbox::kStuckNs;  // with a report, or when it is known what stands still
    }
    if (budget-- == 0) {
      return now_ns;
    }
    if (!distribute(blocks)) {
      return blocks_retry_at_ns = now_ns + kBlockRetryNs;
    }
  }
  return kNever;
}

// Whether there is room in memory for another block's records. What stands still goes back to the disk, as its
// partition's own blocks: so it does not stop the others.
bool Topic::flows(Blocks& blocks, std::int64_t now_ns) {
  const std::uint64_t standing_bytes =
      std::clamp(kStandingBytes / partitions.size(), kMinStandingBytes, kMaxStandingBytes);
  std::uint64_t bytes = 0;
  for (Partition& partition : partitions) {
    EntryQueue& queue = partition.queue();
    const bool stands = partition.standstill().lasts(Outbox::kStuckNs, now_ns);
    if (stands && queue.returned_bytes() > standing_bytes) {
      blocks.put_back(queue, partition.id());
    }
    bytes += queue.returned_bytes() - (stands ? std::min(queue.returned_bytes(), standing_bytes) : 0);
  }
  return bytes < kReturnedBytes;
}

bool Topic::distribute(Blocks& blocks) {
  const std::vector<Entry>* const entries = blocks.bring_back(unassigned.front());
  if (entries == nullptr) {
    return false;
  }
  queued -= unassigned.take_front().records();
  unassigned_standstill.moved();
  queued += entries->size();
  for (const Entry& entry : *entries) {
    if (entry.keyed()) {
      put_in_partition(blocks, entry);
    } else {
      unkeyed.push_back(entry);
    }
  }
  return true;
}

void Topic::note(const Blocks::Change& change, bool placed) {
  queued = queued - change.had + change.given;
  if (placed) {
    keyed_outstanding = keyed_outstanding - change.had_keyed + change.given_keyed;
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

void Topic::place_anew(Blocks& blocks, std::int64_t now_ns) {
  std::vector<std::pair<std::uint64_t, Entry>> placed;
  for (Partition& partition : partitions) {
    while (!partition.queue().empty()) {
      Entry entry = partition.queue().take_front();
      entry.suspect = 0;
      placed.emplace_back(blocks.sequence(entry), entry);
    }
  }
  std::sort(placed.begin(), placed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  // A block's records lie between those of other partitions that follow it here: a run of these would be from before
  // and after that block's.
  bool behind_block = false;
  for (auto& [sequence, entry] : placed) {
    entry.fixed = behind_block && entry.keyed() ? 1 : 0;
    behind_block = behind_block || (entry.keyed() && entry.block != 0);
  }
  for (auto item = placed.rbegin(); item != placed.rend(); ++item) {  // all of them are older than what waits
    (item->second.keyed() ? unassigned : unkeyed).push_front(item->second);
  }
  partitions.clear();
  key_count = 0;
  keyed_outstanding = 0;
  place_anew_due = false;
  place(blocks, now_ns);
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
