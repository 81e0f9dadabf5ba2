#include "kafka/topic.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "kafka/outbox.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::uint32_t kStickyBytes = 128 * 1024;

}  // namespace

// Where older records come behind newer ones, out of elements of a former partition count or from a partition that they have
// left, a queue is not in order: what is older than something before it may stand in no run with what is newer, or a successor, who
// sorts by first sequences, would place that too early.
void Topic::put_in_partition(Blocks& blocks, Entry entry) {
  Partition& partition = partition_of(entry);
  if (former_count != 0 || entry.fixed != 0 || entry.from_disk()) {
    entry.fixed = partition.note_placed(blocks.sequence(entry)) ? 0 : 1;
  }
  partition.queue().push_back(entry);
}

void Topic::add(Blocks& blocks, const Entry& entry) {
  ++queued;
  if (!entry.keyed()) {
    unkeyed.push_back(entry);
    return;
  }
  if (key_count == 0 || !unassigned.empty()) {
    Entry waiting = entry;
    waiting.fixed = inherits ? 1 : 0;
    unassigned.push_back(waiting);
    return;
  }
  if (former_count != 0 && grown_at_sequence_ == kNoneYet) {
    grown_at_sequence_ = blocks.sequence(entry);
  }
  if (has_to_leave(entry)) {
    former_partition_of(entry).leaving().push_back(entry);
  } else {
    put_in_partition(blocks, entry);
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
  if (key_count == 0) {
    key_count = facts.partition_count;
  }
  const std::int64_t again_ns = place_all(blocks, unassigned, unassigned_standstill, now_ns);
  if (!unassigned.empty()) {
    return again_ns;  // by the count that it has waited for, so that all that is placed is older than what comes
  }
  if (former_count == 0 && key_count != facts.partition_count) {
    begin_growth();
  }
  return former_count == 0 ? kNever : let_keys_leave(blocks, now_ns);
}

std::int64_t Topic::place_all(Blocks& blocks, EntryQueue& from, Standstill& standstill, std::int64_t now_ns) {
  for (int budget = kBlocksACall; !from.empty();) {
    if (from.front().block == 0) {
      put_in_partition(blocks, from.take_front());
      standstill.moved();
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
    if (!distribute(blocks, from)) {
      return blocks_retry_at_ns = now_ns + kBlockRetryNs;
    }
    standstill.moved();
  }
  return kNever;
}

// Nothing of it has to outlive us: a successor places all that is left by one count.
void Topic::begin_growth() {
  former_count = std::exchange(key_count, facts.partition_count);
  grown_at_sequence_ = kNoneYet;
  for (Partition& partition : partitions) {
    partition.holds_leaving(partition.id() < former_count);
  }
}

bool Topic::has_to_leave(const Entry& entry) {
  if (former_count == 0) {
    return false;
  }
  Partition& former = former_partition_of(entry);
  return &former != &partition_of(entry) && (former.holds_leaving() || !former.leaving().empty());
}

// What a partition had when the count grew stands before all keyed records that have come since, and has older sequences.
bool Topic::has_passed_growth(Blocks& blocks, const Partition& partition) {
  const Entry* const oldest = partition.oldest_keyed();
  return oldest == nullptr || blocks.sequence(*oldest) >= grown_at_sequence_;
}

std::int64_t Topic::let_keys_leave(Blocks& blocks, std::int64_t now_ns) {
  std::int64_t again_ns = kNever;
  bool all = true;
  for (std::int32_t id = 0; id < former_count; ++id) {
    Partition& partition = partitions[static_cast<std::size_t>(id)];
    if (partition.holds_leaving() && has_passed_growth(blocks, partition)) {
      partition.holds_leaving(false);
    }
    if (!partition.holds_leaving()) {
      again_ns =
          std::min(again_ns, place_all(blocks, partition.leaving(), partition.leaving_standstill(), now_ns));
    }
    all = all && !partition.holds_leaving() && partition.leaving().empty();
  }
  former_count = all ? 0 : former_count;
  return again_ns;
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

bool Topic::distribute(Blocks& blocks, EntryQueue& from) {
  const std::vector<Entry>* const entries = blocks.bring_back(from.front());
  if (entries == nullptr) {
    return false;
  }
  queued -= from.take_front().records();
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
    for (EntryQueue* const queue : {&partition.queue(), &partition.leaving()}) {
      while (!queue->empty()) {
        Entry entry = queue->take_front();
        entry.suspect = 0;
        placed.emplace_back(blocks.sequence(entry), entry);
      }
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
  forget_partitions();
  place(blocks, now_ns);
}

void Topic::forget_partitions() {
  partitions.clear();
  key_count = 0;
  former_count = 0;
  place_anew_due = false;
}

std::int64_t Topic::earliest_deadline_ns() const {
  std::int64_t earliest_ns = std::min(unassigned.earliest_deadline_ns(), unkeyed.earliest_deadline_ns());
  for (const Partition& partition : partitions) {
    earliest_ns = std::min(
        {earliest_ns, partition.queue().earliest_deadline_ns(), partition.leaving().earliest_deadline_ns()});
  }
  return earliest_ns;
}

std::uint32_t Topic::cap_bytes(std::uint32_t batch_bytes) const {
  const std::uint32_t limit_bytes = facts.max_message_bytes.value_or(kNoCap);
  return std::min(learnt_cap_bytes, limit_bytes <= batch_bytes ? limit_bytes : kNoCap);
}

}  // namespace ringpost::kafka
