// What `ringpost status` is told of one instance.
#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "daemon/instance/ledger.hpp"
#include "daemon/instance/loop.hpp"

#define RINGPOST_NO_HANDLE_NAME  // `ringpost` is the namespace here
#include "client-lib/ringpost.h"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

std::string_view name_of(kafka::TopicFacts::State state) {
  switch (state) {
    case kafka::TopicFacts::State::kUnasked:
      return "unasked";
    case kafka::TopicFacts::State::kExists:
      return "exists";
    case kafka::TopicFacts::State::kMissing:
      return "missing";
  }
  return "unknown";
}

}  // namespace

InstanceStatus Instance::Loop::read_status() {
  InstanceStatus status;
  const kafka::Connection& connection = outbox_.connection();
  const std::int64_t now_ns = ipc::monotonic_ns();
  status.name = config_.name;
  status.brokers = brokers_;
  status.enabled = config_.enabled;
  status.removed = config_.removed;
  status.connected = connection.connected;
  status.ever_connected = connection.ever_connected;
  if (!connection.connected)
    status.disconnected_for_ms = (now_ns - connection.disconnected_since_ns) / kNsPerMs;
  status.last_error = connection.last_error;
  status.unreachable = connection.unreachable;
  status.trouble = connection.troubles.text();
  status.credentials_problem = connection.credentials_problem;
  status.clients = intake_.client_count();
  status.lanes = intake_.lane_count();

  count_events(status);
  for (const auto& [reason, count] : burial_.dead_by_reason())
    status.dead_letters_by_reason.emplace(reason, count);
  describe_disk(status.disk);

  const auto refused = intake_.refused_untrusted();
  for (std::size_t index = 1; index < refused.size(); ++index) {
    if (refused[index] != 0) status.refused[ringpost_error_name(-static_cast<int>(index))] += refused[index];
  }
  for (const std::int64_t oldest_ns :
       {arena_.oldest_stamp_ns(), disk_.spool ? disk_.spool->oldest_stamp_ns() : std::int64_t{0}}) {
    if (oldest_ns != 0)
      status.oldest_waiting_ms = std::max(status.oldest_waiting_ms, (now_ns - oldest_ns) / kNsPerMs);
  }
  status.buffer_bytes = arena_.buffer_bytes();
  status.buffer_used_bytes = arena_.used_bytes();
  status.lane_bytes = intake_.lane_bytes();
  status.malformed_lanes = intake_.malformed_lanes();
  status.producers_created = outbox_.counts().producers_created;
  describe_topics(status);
  return status;
}

void Instance::Loop::count_events(InstanceStatus& status) const {
  const Balance sums = balance(arena_, disk_.spool.get());
  status.waiting_in_lanes = intake_.waiting_in_lanes();
  status.waiting_in_arena = sums.waiting_in_arena;
  status.waiting_on_disk = sums.waiting_on_disk;
  status.in_flight = outbox_.counts().in_flight;
  status.waiting = status.waiting_in_lanes + sums.waiting_in_arena + sums.waiting_on_disk;
  status.accepted = sums.accepted + status.waiting_in_lanes;
  status.delivered = sums.delivered;
  status.dead_letters = sums.dead;
  status.missing_on_disk = sums.missing;
}

void Instance::Loop::describe_disk(InstanceStatus::OnDisk& disk) const {
  disk.problem = disk_.problem;
  if (disk.problem.empty()) disk.problem = overflow_.problem();
  if (disk.problem.empty()) disk.problem = burial_.trouble().text();
  disk.state = !disk.problem.empty() ? "failing" : disk_.letters || disk_.spool ? "ok" : "none";
  if (disk_.spool) {
    disk.spool_bytes = disk_.spool->log().total_bytes();
    disk.spool_max_bytes = config_.spool_bytes;
    disk.damaged = disk_.spool->damaged();
  }
  if (disk_.letters) {
    disk.letters_kept = disk_.letters->kept();
    disk.letters_removed = disk_.letters->removed();
    disk.letters_bytes = disk_.letters->log().total_bytes();
  }
  disk.letters_unwritten = burial_.unwritten();
}

// Those that the cluster was asked about, and those that something was accepted for.
void Instance::Loop::describe_topics(InstanceStatus& status) const {
  std::map<std::string, InstanceStatus::Topic, std::less<>> topics;
  for (const auto& [name, facts] : topics_.known()) {
    InstanceStatus::Topic& topic = topics[name];
    topic.state = name_of(facts.state);
    topic.partitions = facts.partition_count;
  }
  for (const TopicBalance& sums : topic_balances(arena_, disk_.spool.get())) {
    if (sums.accepted == 0 && !topics.contains(sums.name)) continue;
    InstanceStatus::Topic& topic = topics[sums.name];
    topic.accepted = sums.accepted;
    topic.delivered = sums.delivered;
    topic.waiting = sums.waiting_in_arena + sums.waiting_on_disk;
    topic.dead_letters = sums.dead;
  }
  for (auto& [name, topic] : topics) {
    topic.name = name;
    if (const Topics::Rule* rule = topics_.find(name)) {
      topic.buffer_used_bytes = arena_.pinned_chunks(rule->tenant) * arena_.chunk_bytes();
      topic.full = rule->full;
    }
    status.topics.push_back(std::move(topic));
  }
}

}  // namespace ringpost::daemon
