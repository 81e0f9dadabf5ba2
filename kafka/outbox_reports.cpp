// What librdkafka reports, and what follows when a producer is at its end.
#include <algorithm>
#include <utility>

#include "kafka/dispositions.hpp"
#include "kafka/outbox_impl.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
constexpr std::int64_t kReportsWaitNs =
    5'000 * kMillisecondNs;                                   // for the reports of a purge; they take some ms
constexpr std::int64_t kFirstPauseNs = 100 * kMillisecondNs;  // between producers that get nothing done
constexpr std::int64_t kLongestPauseNs = 10'000 * kMillisecondNs;
constexpr std::int64_t kQuarantineNs = 60'000 * kMillisecondNs;  // since a topic's latest refusal
constexpr std::int64_t kFirstHoldNs = 1'000 * kMillisecondNs;    // of a topic that is refused as such
constexpr std::int64_t kLongestHoldNs = 30'000 * kMillisecondNs;
constexpr std::uint32_t kSmallestCapBytes = 4096;

std::int64_t doubled(std::int64_t pause_ns, std::int64_t first_ns, std::int64_t longest_ns) {
  return pause_ns == 0 ? first_ns : std::min(pause_ns * 2, longest_ns);
}

}  // namespace

void Outbox::Impl::poll() {
  wakeup_.clear();
  poll_producers();
  const std::int64_t now_ns = monotonic_ns();
  step_lookups(now_ns);
  step_routes(now_ns);
  if (counts_.queued != 0) {
    wake_at(now_ns);  // what was taken may have made room
  }
}

void Outbox::Impl::poll_producers() {
  for (Route& each : routes_) {
    if (each.producer) {
      polled_ = &each;
      each.producer->poll(*this);
    }
  }
}

void Outbox::Impl::on_report(const Report& report) {
  Topic& topic = *report.topic;
  const auto index = static_cast<std::size_t>(report.tag.partition);
  if (index >= topic.partitions.size()) {
    return;
  }
  Partition& partition = topic.partitions[index];
  Entry* const entry = partition.find(report.tag.position);
  if (entry == nullptr) {
    return;
  }
  switch (disposition_of(report.error)) {
    case Disposition::kDeliver:
      on_delivered(topic, partition, *entry, report);
      return;
    case Disposition::kRetry:
    case Disposition::kRefuse:
      // It stays in its window, which goes back to the queue when all reports are in.
      if (is_a_brokers(report.error)) on_given_up(topic, report.error);
      break;
    case Disposition::kDead:
      on_refused(topic, partition, *entry, report.error);
      break;
    case Disposition::kHoldTopic:
    case Disposition::kHoldInstance:
      partition.suspect(*entry);
      hold(topic, monotonic_ns());
      note_trouble(topic, report.error);
      break;
  }
  end_producer(*polled_);
}

// librdkafka has tried, or thinks that it makes no sense: the topic goes on apart from the others, so that the next time it
// ends no producer but its own.
void Outbox::Impl::on_given_up(Topic& topic, int code) {
  topic.quarantined_until_ns = monotonic_ns() + kQuarantineNs;
  note_trouble(topic, code);
}

void Outbox::Impl::on_delivered(Topic& topic, Partition& partition, Entry& entry, const Report& report) {
  const Ticket ticket = entry.ticket;
  const std::uint64_t position = report.tag.position;
  partition.acknowledge(entry, position, partition.times(position) ? monotonic_ns() : 0);
  counts_.in_flight_bytes -= entry.cost_bytes();
  partition.finish(entry);
  --topic.in_flight;
  --counts_.in_flight;
  topic.hold_pause_ns = 0;
  if (!connection_.troubles.empty()) {
    connection_.troubles.note_delivered(topic.name, counts_.producers_created);
  }
  polled_->progress = true;
  mark_connected();
  owner_.delivered(ticket, partition.id(), report.offset);
}

// Every record of a refused batch carries the code of one of them. So the first refusal makes them suspects,
// which go one by one; who is refused alone is the culprit.
void Outbox::Impl::on_refused(Topic& topic, Partition& partition, Entry& entry, int code) {
  topic.quarantined_until_ns = monotonic_ns() + kQuarantineNs;
  polled_->progress = true;
  if (entry.suspect == 0) {
    partition.suspect(entry);
    if (code == kMessageTooLargeCode || code == kBatchTooLargeCode) {
      topic.refused_bytes += entry.cost_bytes();
      ++topic.refused_records;
    }
    return;
  }
  const Ticket ticket = entry.ticket;
  counts_.in_flight_bytes -= entry.cost_bytes();
  partition.finish(entry);
  --topic.in_flight;
  --counts_.in_flight;
  owner_.dead(ticket, {.reason = DeadReason::kRefusedByBroker, .code = code, .detail = describe_error(code)});
}

void Outbox::Impl::hold(Topic& topic, std::int64_t now_ns) {
  topic.quarantined_until_ns = now_ns + kQuarantineNs;
  if (now_ns >= topic.hold_until_ns) {
    topic.hold_pause_ns = doubled(topic.hold_pause_ns, kFirstHoldNs, kLongestHoldNs);
    topic.hold_until_ns = now_ns + topic.hold_pause_ns;
  }
}

void Outbox::Impl::end_producer(Route& ended) {
  if (ended.ending || !ended.producer) {
    return;
  }
  ended.ending = true;
  ended.ending_since_ns = monotonic_ns();
  ended.producer->purge();
}

void Outbox::Impl::step_routes(std::int64_t now_ns) {
  for (Route& each : routes_) {
    step_renewal(each, now_ns);
    if (each.ending) {
      if (each.producer->outstanding() == 0 || now_ns - each.ending_since_ns > kReportsWaitNs) {
        replace_producer(each, now_ns);
      } else {
        wake_at(each.ending_since_ns + kReportsWaitNs);
      }
    }
  }
  Route& main = route(RouteId::kMain);
  if (!main.producer) {  // the other is made when something is for it
    start_producer(main, now_ns);
  }
  Route& quarantine = route(RouteId::kQuarantine);
  if (quarantine.producer && !quarantine.ending && quarantine.producer->outstanding() == 0) {
    if (now_ns - quarantine.used_at_ns > kQuarantineNs) {
      std::move(*quarantine.producer).retire(reaper_);
      quarantine.producer.reset();
    } else {
      wake_at(quarantine.used_at_ns + kQuarantineNs);
    }
  }
}

void Outbox::Impl::replace_producer(Route& ended, std::int64_t now_ns) {
  std::move(*ended.producer).retire(reaper_);
  ended.producer.reset();
  ended.ending = false;
  ended.renewal_since_ns = 0;
  ended.pause_ns = ended.progress ? 0 : doubled(ended.pause_ns, kFirstPauseNs, kLongestPauseNs);
  ended.restart_at_ns = now_ns + ended.pause_ns;
  return_windows(id_of(ended));
}

void Outbox::Impl::return_windows(RouteId id) {
  for (const auto& [name, topic] : topics_) {
    std::size_t returned = 0;
    std::vector<Entry> overdue;
    for (Partition& partition : topic->partitions) {
      if (partition.route() != id) {
        continue;
      }
      counts_.in_flight_bytes -= partition.window_bytes();
      returned += partition.return_window(overdue);
      topic->paused -= partition.paused() ? 1 : 0;
      followers_due_ = followers_due_ || partition.paused();
      partition.note_resumed();  // the next producer knows of no pause
    }
    topic->in_flight -= returned;
    topic->queued += returned;
    counts_.in_flight -= returned;
    counts_.queued += returned;
    if (returned != 0) {
      activate(*topic);
    }
    end_overdue(*topic, overdue);
    // A whole batch too large, and none of it by itself: the limit is on the batch.
    const std::uint64_t refused_bytes = std::exchange(topic->refused_bytes, 0);
    if (std::exchange(topic->refused_records, 0) > 1) {
      const auto half = static_cast<std::uint32_t>(std::min<std::uint64_t>(refused_bytes / 2, Topic::kNoCap));
      topic->learnt_cap_bytes = std::min(topic->learnt_cap_bytes, std::max(half, kSmallestCapBytes));
    }
    if (topic->place_anew_due && topic->in_flight == 0) {
      place_anew(*topic, monotonic_ns());
    }
  }
}

bool Outbox::Impl::start_producer(Route& stopped, std::int64_t now_ns) {
  if (stopping_) {
    return false;
  }
  if (now_ns < stopped.restart_at_ns) {
    wake_at(stopped.restart_at_ns);
    return false;
  }
  try {
    stopped.producer.emplace(properties_[static_cast<std::size_t>(id_of(stopped))], wakeup_);
  } catch (const std::exception&
               error) {  // it was made once from the same properties: a file or a limit is in the way
    connection_.last_error = error.what();
    stopped.pause_ns = doubled(stopped.pause_ns, kFirstPauseNs, kLongestPauseNs);
    stopped.restart_at_ns = now_ns + stopped.pause_ns;
    wake_at(stopped.restart_at_ns);
    return false;
  }
  stopped.progress = false;
  stopped.used_at_ns = now_ns;
  ++counts_.producers_created;
  if (&stopped == &route(RouteId::kMain)) {
    for (const auto& [name, topic] : topics_) {
      if (topic->facts.state == TopicFacts::State::kExists) {
        stopped.producer->warm(*topic);
      }
    }
  }
  return true;
}

}  // namespace ringpost::kafka
