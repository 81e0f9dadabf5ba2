// From the queues into the windows.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <utility>

#include "kafka/dispositions.hpp"
#include "kafka/outbox_impl.hpp"
#include "kafka/record_time.hpp"

namespace ringpost::kafka {
namespace {

// All windows together: some 100 MB inside librdkafka at the most (up to 688 bytes a record beside its own).
constexpr std::uint64_t kMaxInFlightRecords = 131'072;
constexpr std::int64_t kUnknownPartitionPauseNs = 250'000'000;

std::int64_t realtime_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

void Outbox::Impl::hand_over() {
  poll_producers();  // a report that waits may say that followers must not leave
  const std::int64_t now_ns = monotonic_ns();
  timer_ns_ = kNever;
  step_lookups(now_ns);
  step_routes(now_ns);
  if (std::exchange(inheriting_, false)) {
    for (const auto& [name, topic] : topics_) {
      topic->inherits = false;
    }
  }
  pass_deadlines(now_ns);
  unkeyed_first_ = !unkeyed_first_;
  for (Topic* const topic : active_) {
    hand_over_topic(*topic, now_ns);
  }
  std::erase_if(active_, [](Topic* topic) {
    topic->active = topic->queued != 0;
    return !topic->active;
  });
  wake_at(windows_due_ns());
}

void Outbox::Impl::hand_over_topic(Topic& topic, std::int64_t now_ns) {
  expire(topic, now_ns);
  if (topic.facts.state == TopicFacts::State::kMissing) {
    end_queued(
        topic,
        {.reason = DeadReason::kUnknownTopic, .code = 0, .detail = "the cluster has no topic of this name"},
        now_ns);
    return;
  }
  if (topic.facts.partition_count == 0 || topic.place_anew_due || stopping_) {
    return;
  }
  if (topic.has_to_place()) {
    place(topic, now_ns);
  }
  if (now_ns < topic.hold_until_ns) {
    wake_at(topic.hold_until_ns);
    return;
  }
  if (unkeyed_first_) {
    feed_unkeyed(topic, now_ns);
  }
  for (Partition& partition : topic.partitions) {
    if (!partition.queue().empty()) {
      feed(topic, partition, now_ns);
    }
  }
  if (!unkeyed_first_) {
    feed_unkeyed(topic, now_ns);
  }
}

void Outbox::Impl::feed(Topic& topic, Partition& partition, std::int64_t now_ns) {
  while (!partition.queue().empty() && may_enter(topic, partition, partition.queue().front(), now_ns)) {
    if (partition.queue().front().block != 0) {
      if (!bring_front(topic, partition, now_ns)) {
        break;
      }
      continue;
    }
    const Entry entry = partition.queue().take_front();
    if (!enter(topic, partition, entry, now_ns)) {
      break;
    }
  }
}

void Outbox::Impl::feed_unkeyed(Topic& topic, std::int64_t now_ns) {
  while (!topic.unkeyed.empty()) {
    Partition* const partition = open_partition(topic, topic.unkeyed.front(), now_ns);
    if (partition == nullptr) {
      return;
    }
    if (topic.unkeyed.front().block != 0) {
      if (!bring_front_unkeyed(topic, now_ns)) {
        return;
      }
      continue;
    }
    const Entry taken = topic.unkeyed.take_front();
    topic.unkeyed_standstill.moved();
    if (!enter(topic, *partition, taken, now_ns)) {
      return;
    }
  }
}

// The sticky partition, or else the next one that has room: a stuck partition is passed over.
Partition* Outbox::Impl::open_partition(Topic& topic, const Entry& entry, std::int64_t now_ns) {
  for (std::int32_t tries = 0; tries < topic.facts.partition_count; ++tries) {
    Partition& partition = topic.sticky_partition(entry.size_bytes, tries > 0);
    if (may_enter(topic, partition, entry, now_ns)) {
      return &partition;
    }
  }
  return nullptr;
}

// Of what the windows have left together a partition takes at most a quarter, as of their records.
std::uint32_t Outbox::Impl::window_share_bytes() const {
  if (windows_max_bytes_ == 0) {
    return Topic::kNoCap;
  }
  const std::uint64_t free_bytes = windows_max_bytes_ - std::min(windows_max_bytes_, counts_.in_flight_bytes);
  return static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(free_bytes / 4, Partition::kProvingBytes, Topic::kNoCap));
}

bool Outbox::Impl::may_enter(Topic& topic, Partition& partition, const Entry& entry, std::int64_t now_ns) {
  if (now_ns < partition.retry_at_ns()) {
    wake_at(partition.retry_at_ns());
    return false;
  }
  if (partition.paused()) {
    return false;
  }
  // Without a broker in reach one record goes in, so that librdkafka has a reason to connect; the others keep
  // their deadlines exact.
  if (!connection_.connected && counts_.in_flight != 0) {
    return false;
  }
  if (open_route(topic, partition, now_ns) == nullptr) {
    return false;
  }
  const std::uint64_t free = kMaxInFlightRecords - std::min(kMaxInFlightRecords, counts_.in_flight);
  if (!partition.has_room(entry, free, std::min(topic.cap_bytes(batch_bytes_), window_share_bytes()))) {
    partition.limit().blocked();
    return false;
  }
  return true;
}

// The route that the partition's next record takes, or null for now. A change of route waits until the window
// is empty.
Route* Outbox::Impl::open_route(Topic& topic, Partition& partition, std::int64_t now_ns) {
  const bool in_trouble = now_ns < topic.quarantined_until_ns || partition.has_suspects();
  const RouteId wanted = in_trouble ? RouteId::kQuarantine : RouteId::kMain;
  if (partition.route() != wanted) {
    if (!partition.window_empty()) {
      return nullptr;
    }
    partition.set_route(wanted);
  }
  Route& chosen = route(wanted);
  if (chosen.ending || chosen.renewal_since_ns != 0 ||
      (!chosen.producer && !start_producer(chosen, now_ns))) {
    return nullptr;
  }
  chosen.used_at_ns = now_ns;
  return &chosen;
}

// As it goes now: not with a time that its topic would refuse, with all that is in its batch.
RecordView Outbox::Impl::record_of(const Topic& topic, const Entry& entry) {
  headers_.clear();
  RecordView record = owner_.view(entry.ticket, headers_);
  if (topic.age_max_ms == 0) {
    return record;
  }
  const std::int64_t time_ms = time_to_send_ms(record.create_time_ms, topic.age_max_ms, realtime_ms());
  if (time_ms != record.create_time_ms) {
    published_ = std::to_string(std::exchange(record.create_time_ms, time_ms));
    headers_.push_back({kPublishedHeader, published_});
    record.headers = headers_;
  }
  return record;
}

// `entry` was taken from a queue's front; when librdkafka does not take it, it goes back to its partition's
// front.
bool Outbox::Impl::enter(Topic& topic, Partition& partition, Entry entry, std::int64_t now_ns) {
  const RecordView record = record_of(topic, entry);
  if (!id_prefix_.empty() && !record.id.empty()) {
    id_ = record.id;
  } else if (!id_prefix_.empty()) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), record.sequence).ptr;
    id_.assign(id_prefix_).append("-").append(digits.data(), end);
  }
  owner_.handed(entry.ticket, partition.id());
  Route& chosen = route(partition.route());
  const RecordTag tag{.partition = partition.id(), .position = partition.next_position()};
  const Producer::Taken taken = chosen.producer->produce(topic, tag, record, id_);
  if (taken == Producer::Taken::kTooLarge) {
    if (entry.suspect != 0) {
      partition.note_suspect_gone();
    }
    bury(topic, {.queue = &partition.queue(), .partition = &partition}, entry,
         {.reason = DeadReason::kRefusedByBroker,
          .code = kMessageTooLargeCode,
          .detail = "larger than librdkafka's message.max.bytes"});
    return true;
  }
  if (taken != Producer::Taken::kYes) {
    if (taken == Producer::Taken::kBroken) {
      end_producer(chosen);
    } else {
      partition.retry_at(now_ns + kUnknownPartitionPauseNs);
      wake_at(partition.retry_at_ns());
    }
    partition.queue().push_front(entry);
    return false;
  }
  partition.enter(entry, now_ns);
  windows_earliest_ns_ = std::min(windows_earliest_ns_, entry.deadline_ns);
  --topic.queued;
  ++topic.in_flight;
  --counts_.queued;
  ++counts_.in_flight;
  counts_.in_flight_bytes += entry.cost_bytes();
  return true;
}

}  // namespace ringpost::kafka
