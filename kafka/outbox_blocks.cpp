// To disk and back, and the ends of what waits: deadlines, missing topics.
#include <algorithm>
#include <limits>
#include <utility>

#include "kafka/outbox_impl.hpp"

namespace ringpost::kafka {
namespace {

constexpr int kBlocksACall = 16;  // that are brought back to end: 4 MiB

// What a write costs, however little it has.
constexpr std::uint64_t kWriteBytes = 4096;

}  // namespace

std::vector<Outbox::Impl::QueueRef> Outbox::Impl::queues_of(Topic& topic) {
  std::vector<QueueRef> queues{{.queue = &topic.unassigned}, {.queue = &topic.unkeyed}};
  for (Partition& partition : topic.partitions) {
    queues.push_back({.queue = &partition.queue(), .partition = &partition});
    queues.push_back({.queue = &partition.leaving()});
  }
  return queues;
}

// What comes back may be fewer records than the block had: the counts follow the topic's.
void Outbox::Impl::place(Topic& topic, std::int64_t now_ns) {
  if (stopping_) {
    return;
  }
  const std::uint64_t before = topic.queued;
  wake_at(topic.place(blocks_, now_ns));
  counts_.queued = counts_.queued - before + topic.queued;
}

void Outbox::Impl::place_anew(Topic& topic, std::int64_t now_ns) {
  const std::uint64_t before = topic.queued;
  topic.place_anew(blocks_, now_ns);
  counts_.queued = counts_.queued - before + topic.queued;
}

bool Outbox::Impl::bring_back(Topic& topic, const QueueRef& ref, std::size_t index) {
  const std::optional<Blocks::Change> change = blocks_.bring_back(*ref.queue, index);
  if (!change) {
    return false;
  }
  topic.note(*change);
  counts_.queued = counts_.queued - change->had + change->given;
  return true;
}

bool Outbox::Impl::bring_front(Topic& topic, Partition& partition, std::int64_t now_ns) {
  if (bring_back(topic, {.queue = &partition.queue(), .partition = &partition}, 0)) {
    return true;
  }
  partition.retry_at(now_ns + kBlockRetryNs);
  wake_at(partition.retry_at_ns());
  return false;
}

bool Outbox::Impl::bring_front_unkeyed(Topic& topic, std::int64_t now_ns) {
  if (now_ns >= topic.blocks_retry_at_ns) {
    if (bring_back(topic, {.queue = &topic.unkeyed}, 0)) {
      return true;
    }
    topic.blocks_retry_at_ns = now_ns + kBlockRetryNs;
  }
  wake_at(topic.blocks_retry_at_ns);
  return false;
}

void Outbox::Impl::expire(Topic& topic, std::int64_t now_ns) {
  int budget = kBlocksACall;
  expire(topic, {.queue = &topic.unassigned}, budget, now_ns);
  topic.unassigned_standstill.turn(!topic.unassigned.empty(), now_ns);
  expire(topic, {.queue = &topic.unkeyed}, budget, now_ns);
  topic.unkeyed_standstill.turn(!topic.unkeyed.empty(), now_ns);
  for (Partition& partition : topic.partitions) {
    expire(topic, {.queue = &partition.queue(), .partition = &partition}, budget, now_ns);
    partition.standstill().turn(!partition.idle(), now_ns);
    expire(topic, {.queue = &partition.leaving()}, budget, now_ns);
    partition.leaving_standstill().turn(!partition.leaving().empty(), now_ns);
  }
  wake_at(topic.earliest_deadline_ns());
}

// Of the blocks whose soonest deadline has passed, each gives its place to its records.
void Outbox::Impl::bring_due(Topic& topic, const QueueRef& ref, int& budget, std::int64_t now_ns) {
  EntryQueue& queue = *ref.queue;
  std::size_t unseen = queue.blocks();
  for (std::size_t i = 0; i < queue.size() && unseen != 0 && budget != 0; ++i) {
    if (queue.at(i).block == 0) {
      continue;
    }
    --unseen;
    if (queue.at(i).deadline_ns <= now_ns) {
      --budget;
      if (!bring_back(topic, ref, i)) {
        queue.delay(i, now_ns + kBlockRetryNs);
      }
    }
  }
}

// A block comes back where it stands when its soonest deadline has passed; those of its records that live on stay in
// memory. Deadlines rise along a queue nearly always, so that these are few.
void Outbox::Impl::expire(Topic& topic, const QueueRef& ref, int& budget, std::int64_t now_ns) {
  EntryQueue& queue = *ref.queue;
  if (now_ns < queue.earliest_deadline_ns()) {
    return;
  }
  bring_due(topic, ref, budget, now_ns);
  queue.expire(now_ns, [this, &topic, &ref](const Entry& entry) {
    if (entry.tried != 0) {
      bury(topic, ref, entry,
           {.reason = DeadReason::kOutcomeUnknown,
            .code = 0,
            .detail = "send_timeout passed; it was handed over before, and may have arrived"});
    } else {
      bury(topic, ref, entry,
           {.reason = DeadReason::kTimedOut,
            .code = 0,
            .detail = "send_timeout passed before Kafka could take it"});
    }
  });
  if (budget == 0 && queue.blocks() != 0) {
    queue.look_again(now_ns);
  }
}

// Inside the windows. All of them are looked at, at the most every 50 ms and only when a deadline may have passed.
void Outbox::Impl::pass_deadlines(std::int64_t now_ns) {
  if (now_ns < windows_due_ns()) {
    return;
  }
  windows_seen_ns_ = now_ns;
  windows_earliest_ns_ = kNever;
  for (const auto& [name, topic] : topics_) {
    for (Partition& partition : topic->partitions) {
      partition.pass_deadlines(now_ns, [this](const Entry& entry) { owner_.overdue(entry.ticket); });
      windows_earliest_ns_ = std::min(windows_earliest_ns_, partition.earliest_inside_ns());
    }
  }
}

// Nothing of the topic can be delivered: what waits ends; what is inside follows when its producer has
// returned it.
void Outbox::Impl::end_queued(Topic& topic, const DeadNotice& notice, std::int64_t now_ns) {
  int budget = kBlocksACall;
  for (const QueueRef& ref : queues_of(topic)) {
    if (!end_queue(topic, ref, notice, budget, now_ns)) {
      return;
    }
  }
  if (topic.in_flight == 0) {  // should it be created again, it starts from nothing
    topic.forget_partitions();
  }
}

// False: there is more of it.
bool Outbox::Impl::end_queue(Topic& topic, const QueueRef& ref, const DeadNotice& notice, int& budget,
                             std::int64_t now_ns) {
  while (!ref.queue->empty()) {
    if (ref.queue->front().block == 0) {
      const Entry entry = ref.queue->take_front();
      bury(topic, ref, entry, notice);
      continue;
    }
    if (now_ns >= topic.blocks_retry_at_ns) {
      if (budget == 0) {
        wake_at(now_ns);
        return false;
      }
      --budget;
      if (bring_back(topic, ref, 0)) {
        continue;
      }
      topic.blocks_retry_at_ns = now_ns + kBlockRetryNs;
    }
    wake_at(topic.blocks_retry_at_ns);
    return false;
  }
  return true;
}

void Outbox::Impl::bury(Topic& topic, const QueueRef& ref, const Entry& entry, const DeadNotice& notice) {
  --topic.queued;
  --counts_.queued;
  if (ref.partition != nullptr && entry.suspect != 0) {
    ref.partition->note_suspect_gone();
  }
  owner_.dead(entry.ticket, notice);
}

// They have come back from a window and count as queued, but do not wait again.
void Outbox::Impl::end_overdue(Topic& topic, const std::vector<Entry>& overdue) {
  for (const Entry& entry : overdue) {
    --topic.queued;
    --counts_.queued;
    owner_.dead(entry.ticket,
                {.reason = DeadReason::kOutcomeUnknown,
                 .code = 0,
                 .detail = "send_timeout passed while it was handed over; it may have arrived"});
  }
}

Outbox::Impl::Spillable Outbox::Impl::longest_spillable(std::string_view of_topic, bool all) {
  const std::int64_t now_ns = monotonic_ns();
  Spillable longest;
  const auto consider = [&](const QueueRef& ref, const Standstill& standstill) {
    const EntryQueue& queue = *ref.queue;
    if (queue.memory_bytes() <= (longest.ref.queue == nullptr ? 0 : longest.ref.queue->memory_bytes()) ||
        (of_topic.empty() && queue.blocks() == 0 && !standstill.lasts(kStuckNs, now_ns))) {
      return;
    }
    if (const Run run = find_run(queue, 0, all); run.count != 0) {
      longest = {.ref = ref, .run = run};
    }
  };
  for (Topic* const topic : active_) {
    if (!of_topic.empty() && topic->name != of_topic) {
      continue;
    }
    consider({.queue = &topic->unassigned}, topic->unassigned_standstill);
    consider({.queue = &topic->unkeyed}, topic->unkeyed_standstill);
    for (Partition& partition : topic->partitions) {
      consider({.queue = &partition.queue(), .partition = &partition}, partition.standstill());
      consider({.queue = &partition.leaving()}, partition.leaving_standstill());
    }
  }
  return longest;
}

std::uint64_t Outbox::Impl::spill(std::string_view of_topic) {
  const Spillable longest = longest_spillable(of_topic, false);
  if (longest.ref.queue != nullptr) {
    return put_on_disk(longest.ref, longest.run) ? longest.run.bytes : 0;
  }
  // What is fixed goes last, for each is a run of its own. But it goes: a few of them in each of the owner's pieces of memory
  // would hold all of it until the brokers are back.
  const Spillable fixed = longest_spillable(of_topic, true);
  return fixed.ref.queue == nullptr ? 0 : spill_queue(fixed.ref, kRunBytes).cost_bytes;
}

void Outbox::Impl::end_producers() {
  stopping_ = true;
  for (Route& each : routes_) {
    end_producer(each);
  }
  wake_at(monotonic_ns());
}

bool Outbox::Impl::spill_all() {
  if (counts_.in_flight != 0) {
    return false;
  }
  bool all = true;
  for (Topic* const topic : active_) {
    for (const QueueRef& ref : queues_of(*topic)) {
      if (ref.partition != nullptr) {
        ref.partition->clear_suspects();
      }
      all = !spill_queue(ref, std::numeric_limits<std::uint64_t>::max()).refused && all;
    }
  }
  return all;
}

Outbox::Impl::Spilled Outbox::Impl::spill_queue(const QueueRef& ref, std::uint64_t max_bytes) {
  Spilled spilled;
  for (std::size_t from = 0; spilled.cost_bytes < max_bytes;) {
    const Run run = find_run(*ref.queue, from, true);
    if (run.count == 0) {
      return spilled;
    }
    if (!put_on_disk(ref, run)) {
      spilled.refused = true;
      return spilled;
    }
    spilled.cost_bytes += std::max(run.bytes, kWriteBytes);
    from = run.first + 1;
  }
  return spilled;
}

bool Outbox::Impl::put_on_disk(const QueueRef& ref, const Run& run) {
  return blocks_.put_on_disk(*ref.queue, run.first, run.count,
                             ref.partition == nullptr ? -1 : ref.partition->id());
}

}  // namespace ringpost::kafka
