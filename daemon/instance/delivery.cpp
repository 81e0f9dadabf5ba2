#include "daemon/instance/delivery.hpp"

#include "daemon/config/log.hpp"

#define RINGPOST_NO_HANDLE_NAME  // `ringpost` is the namespace here
#include "client-lib/ringpost.h"

namespace ringpost::daemon {
namespace {

LetterReason letter_reason_of(kafka::DeadReason reason) {
  switch (reason) {
    case kafka::DeadReason::kRefusedByBroker:
      return LetterReason::kRefusedByBroker;
    case kafka::DeadReason::kUnknownTopic:
      return LetterReason::kUnknownTopic;
    case kafka::DeadReason::kTimedOut:
      return LetterReason::kTimedOut;
    case kafka::DeadReason::kOutcomeUnknown:
      return LetterReason::kOutcomeUnknown;
  }
  return LetterReason::kRefusedByBroker;
}

void fill_headers(const ipc::RecordView& record, std::vector<kafka::Header>& headers) {
  headers.clear();
  ipc::HeaderReader reader(record.headers);
  while (const auto field = reader.next()) headers.push_back({field->name, field->value});
}

}  // namespace

kafka::RecordView Delivery::view(kafka::Ticket ticket, std::vector<kafka::Header>& headers) {
  if (WaitingRecords::is_from_disk(ticket)) {
    const StoredRecord stored = parts_.records.stored(ticket);
    fill_headers(stored.view, headers);
    kafka::RecordView view{stored.sequence, stored.view.topic,   stored.view.key,
                           headers,         stored.view.message, stored.create_time_ms};
    if (stored.replay_of != 0 || stored.arena_id != parts_.records.arena().id_bytes())
      view.id = id_ = parts_.records.id(ticket);
    return view;
  }
  Arena& arena = parts_.records.arena();
  const ipc::RecordView record = arena.record(ticket);
  fill_headers(record, headers);
  const ipc::ArenaPrefix& prefix = arena.prefix(ticket);
  kafka::RecordView view{prefix.sequence, record.topic,   record.key,
                         headers,         record.message, prefix.create_time_ms};
  if (prefix.lane_id == ipc::kReplayLane) view.id = id_ = parts_.records.id(ticket);
  return view;
}

void Delivery::delivered(kafka::Ticket ticket, std::int32_t /*partition*/, std::int64_t /*offset*/) {
  parts_.burial.acknowledged(ticket);
  if (parts_.records.replay_of(ticket) != 0) return parts_.replays.delivered(ticket);
  parts_.records.finish(ticket, WaitingRecords::End::kDelivered);
}

void Delivery::dead(kafka::Ticket ticket, const kafka::DeadNotice& notice) {
  parts_.burial.bury(ticket, {letter_reason_of(notice.reason), notice.code, std::string(notice.detail)});
}

void Delivery::topic_facts(std::string_view topic, const kafka::TopicFacts& facts) {
  if (facts.state == kafka::TopicFacts::State::kMissing) {
    // Each that is configured has a line; others are made up by scripts.
    const bool configured = parts_.topics.is_configured(topic);
    log_limited(
        spdlog::level::warn, instance_ + "/missing" + (configured ? "/" + std::string(topic) : ""),
        {.instance = instance_, .topic = topic, .error_code = ::ringpost_error_name(RINGPOST_UNKNOWN_TOPIC)},
        "instance {}: the cluster has no topic {}: calls for it get UNKNOWN_TOPIC until an "
        "administrator creates it",
        instance_, topic);
  }
  parts_.topics.learn(topic, facts);
}

}  // namespace ringpost::daemon
