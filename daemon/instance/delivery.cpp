#include "daemon/instance/delivery.hpp"

#include <cassert>

#include "daemon/config/log.hpp"

namespace ringpost::daemon {
namespace {

std::string_view name_of(kafka::DeadReason reason) {
  switch (reason) {
    case kafka::DeadReason::kRefusedByBroker:
      return "refused_by_broker";
    case kafka::DeadReason::kUnknownTopic:
      return "unknown_topic";
    case kafka::DeadReason::kTimedOut:
      return "timed_out";
    case kafka::DeadReason::kOutcomeUnknown:
      return "outcome_unknown";
  }
  return "unknown";
}

}  // namespace

kafka::RecordView Delivery::view(kafka::Ticket ticket, std::vector<kafka::Header>& headers) {
  const ipc::RecordView record = arena_.record(ticket);
  headers.clear();
  ipc::HeaderReader reader(record.headers);
  while (const auto field = reader.next()) headers.push_back({field->name, field->value});
  const ipc::ArenaPrefix& prefix = arena_.prefix(ticket);
  return {prefix.sequence, record.topic, record.key, headers, record.message, prefix.create_time_ms};
}

void Delivery::delivered(kafka::Ticket ticket, std::int32_t /*partition*/, std::int64_t /*offset*/) {
  arena_.finish(ticket, ipc::ArenaState::kDelivered);
}

void Delivery::dead(kafka::Ticket ticket, const kafka::DeadNotice& notice) {
  bury(ticket, name_of(notice.reason), notice.detail);
}

kafka::RecordOwner::BringBack Delivery::bring_back(kafka::Ticket /*block*/,
                                                   std::vector<Returned>& /*records*/) {
  assert(false && "nothing was ever put on disk");
  return BringBack::kLater;
}

void Delivery::bury(Arena::Ticket ticket, std::string_view reason, std::string_view detail) {
  const ipc::RecordView record = arena_.record(ticket);
  // There is no dead-letter file yet: this line and the counts are all that is left of the event.
  log_limited(spdlog::level::err, instance_ + "/dead/" + std::string(reason),
              "instance {}: event {}-{} for topic {} ({} bytes) is lost: {}: {}", instance_, arena_.id(),
              arena_.prefix(ticket).sequence, record.topic, record.event_bytes(), reason, detail);
  ++dead_by_reason_.try_emplace(std::string(reason)).first->second;
  arena_.finish(ticket, ipc::ArenaState::kDead);
}

void Delivery::topic_facts(std::string_view topic, const kafka::TopicFacts& facts) {
  if (facts.state == kafka::TopicFacts::State::kMissing) {
    log_limited(spdlog::level::warn, instance_ + "/missing",
                "instance {}: the cluster has no topic {}: calls for it get UNKNOWN_TOPIC until an "
                "administrator creates it",
                instance_, topic);
  }
  topics_.learn(topic, facts);
}

}  // namespace ringpost::daemon
