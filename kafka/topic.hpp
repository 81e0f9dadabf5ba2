// A topic as one instance sees it: what is known of it, its partitions, and the records that have none yet.
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <utility>

#include "kafka/partition.hpp"
#include "kafka/records.hpp"
#include "kafka/topic_belief.hpp"

namespace ringpost::kafka {

struct Topic {
  static constexpr std::uint32_t kNoCap = std::numeric_limits<std::uint32_t>::max();

  explicit Topic(std::string topic_name) : name(std::move(topic_name)) {}

  // Takes a new record in, in sequence order.
  void add(const Entry& entry);
  // What was learnt of the partition count takes effect: places what waits for it. A count that grew waits
  // until every keyed record placed by the old one is done, so that no key is in two partitions at a time.
  void place();
  bool keys_wait() const { return key_count == 0 || key_count != facts.partition_count; }
  // The next partition for null keys, which stays the same for a batch and then moves on.
  Partition& sticky_partition(std::uint32_t size_bytes, bool move_on);

  // The count fell: the topic was deleted and created again. Every record is placed anew, in sequence order.
  // All windows must be empty.
  void place_anew(RecordOwner& owner);

  std::int64_t earliest_deadline_ns() const;

  std::string name;
  TopicFacts facts;
  TopicBelief belief;
  std::int64_t configs_due_ns = 0;
  bool configured = false;
  bool active = false;  // in the list of topics that hand_over() walks
  bool place_anew_due = false;

  EntryQueue unassigned;  // keyed, without a partition yet
  EntryQueue unkeyed;     // null keys: their partition is chosen at hand-over
  std::deque<Partition> partitions;
  std::int32_t key_count = 0;           // the partition count that keys are placed by
  std::uint64_t keyed_outstanding = 0;  // keyed records that have a partition
  std::uint64_t queued = 0;
  std::uint64_t in_flight = 0;

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
  std::int32_t sticky_ = 0;
  std::uint32_t sticky_bytes_ = 0;
};

}  // namespace ringpost::kafka
