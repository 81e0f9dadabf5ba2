// A topic as one instance sees it: what is known of it, its partitions, and the records that have none yet.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "kafka/blocks.hpp"
#include "kafka/partition.hpp"
#include "kafka/records.hpp"
#include "kafka/replicas.hpp"
#include "kafka/topic_belief.hpp"

namespace ringpost::kafka {

struct Topic {
  static constexpr std::uint32_t kNoCap = std::numeric_limits<std::uint32_t>::max();

  explicit Topic(std::string topic_name) : name(std::move(topic_name)) {}

  // Takes a new record in, in sequence order.
  void add(Blocks& blocks, const Entry& entry);
  void add_block(const Entry& block);  // that a predecessor has left
  // What was learnt of the partition count takes effect: places what waits for it. When the count has grown, a key whose
  // partition is another now waits until all that its old one had then is done, so that no key is in two at a time; all
  // others go on. Blocks are brought back as long as their records flow. Returns when to go on with it; kNever: with the
  // next event.
  std::int64_t place(Blocks& blocks, std::int64_t now_ns);
  bool has_to_place() const {
    return key_count != facts.partition_count || former_count != 0 || !unassigned.empty();
  }
  // The next partition for null keys, which stays the same for a batch and then moves on.
  Partition& sticky_partition(std::uint32_t size_bytes, bool move_on);

  // The count fell: the topic was deleted and created again. Every record is placed anew, in sequence order.
  // All windows must be empty.
  void place_anew(Blocks& blocks, std::int64_t now_ns);

  std::int64_t earliest_deadline_ns() const;
  // A block of one of its queues has given `change`.
  void note(const Blocks::Change& change) { queued = queued - change.had + change.given; }
  // Nothing waits or is inside any more: it begins anew.
  void forget_partitions();

  std::string name;
  TopicFacts facts;
  TopicBelief belief;
  std::int64_t configs_due_ns = 0;
  std::vector<Replicas> replicas;  // of each partition, by the latest look-up
  std::int64_t replicas_ns = 0;    // when that was
  std::int64_t age_max_ms = 0;     // TopicConfig's
  bool configured = false;
  bool active = false;  // in the list of topics that hand_over() walks
  bool place_anew_due = false;
  bool hidden = false;  // the cluster does not let us see it

  bool inherits = false;  // a predecessor's blocks are being added

  EntryQueue unassigned;  // keyed, without a partition yet
  EntryQueue unkeyed;     // null keys: their partition is chosen at hand-over
  Standstill unassigned_standstill;
  Standstill unkeyed_standstill;
  std::int64_t blocks_retry_at_ns = 0;  // of these two queues, of keys that leave, and of what is to end
  std::deque<Partition> partitions;
  std::int32_t key_count = 0;     // the partition count that keys are placed by
  std::int32_t former_count = 0;  // by which they were, while some have not left their partition; 0: none
  std::uint64_t queued = 0;       // records, those of blocks too
  std::uint64_t in_flight = 0;
  std::size_t paused = 0;  // partitions

  // After a refusal.
  std::int64_t quarantined_until_ns = 0;
  std::int64_t hold_until_ns = 0;
  std::int64_t hold_pause_ns = 0;
  std::uint64_t refused_bytes = 0;  // of this producer's end, too large
  std::uint64_t refused_records = 0;
  std::uint32_t learnt_cap_bytes = kNoCap;

  // What may be in a window of this topic, where its max.message.bytes (or what refusals have taught) is
  // below the size of our batches: a batch is a part of its window, so none can be too large.
  std::uint32_t cap_bytes(std::uint32_t batch_bytes) const;

 private:
  // What may be in memory of what has come back from disk and has got a partition: of all partitions where it flows,
  // and of each that stands still.
  static constexpr std::uint64_t kReturnedBytes = std::uint64_t{4} * 1024 * 1024;
  static constexpr std::uint64_t kStandingBytes =
      std::uint64_t{16} * 1024 * 1024;  // of all together, within the two bounds
  static constexpr std::uint64_t kMinStandingBytes = std::uint64_t{64} * 1024;
  static constexpr std::uint64_t kMaxStandingBytes = std::uint64_t{1024} * 1024;
  static constexpr int kBlocksACall = 8;

  Partition& partition_of(const Entry& entry) {
    return partitions[entry.key_hash % static_cast<std::uint32_t>(key_count)];
  }
  Partition& former_partition_of(const Entry& entry) {
    return partitions[entry.key_hash % static_cast<std::uint32_t>(former_count)];
  }
  void put_in_partition(Blocks& blocks, Entry entry);
  // All of `from`; as place().
  std::int64_t place_all(Blocks& blocks, EntryQueue& from, Standstill& standstill, std::int64_t now_ns);
  bool distribute(Blocks& blocks, EntryQueue& from);  // the block at its front; false: not now
  void begin_growth();
  bool has_to_leave(const Entry& entry);  // and can't yet
  bool has_passed_growth(Blocks& blocks, const Partition& partition);
  std::int64_t let_keys_leave(Blocks& blocks, std::int64_t now_ns);
  bool flows(Blocks& blocks, std::int64_t now_ns);

  static constexpr std::uint64_t kNoneYet = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t grown_at_sequence_ = kNoneYet;  // of the first keyed record since the count has grown
  std::int32_t sticky_ = 0;
  std::uint32_t sticky_bytes_ = 0;
};

}  // namespace ringpost::kafka
