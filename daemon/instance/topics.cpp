#include "daemon/instance/topics.hpp"

#include <algorithm>

namespace ringpost::daemon {
namespace {

// What Kafka puts around one event: a batch of its own (61 bytes), the record's varints, and the ringpost-id
// header. An event of at most max.message.bytes less this is never refused for its size.
constexpr std::uint32_t kBatchOverheadBytes = 256;

const Topics::Rule kNotListed{};

}  // namespace

Topics::Topics(const InstanceConfig& config, ipc::InstanceBoardWriter& board)
    : config_(config), board_(board) {
  // The board wants prefixes first.
  for (const std::string& topic : config.topics) {
    if (topic == "*") {
      board.board().any_topic.store(1, std::memory_order_relaxed);  // read by look_up_topic
    } else if (topic.ends_with('*')) {
      board.add_topic(ipc::TopicKind::kPrefix, std::string_view(topic).substr(0, topic.size() - 1));
    }
  }
  for (const std::string& topic : config.topics) {
    if (!topic.ends_with('*')) rule(topic);
  }
}

const Topics::Rule& Topics::rule(std::string_view topic) {
  const auto found = rules_.find(topic);
  if (found != rules_.end()) return found->second;
  // Names that are not listed come from a client that did not check: they get no place, or it could fill the
  // table.
  if (!topic_is_listed(config_, topic)) return kNotListed;
  board_.add_topic(ipc::TopicKind::kName, topic);
  Rule rule;
  rule.listed = true;
  rule.max_event_bytes = config_.max_event_size_bytes;
  return rules_.emplace(topic, rule).first->second;
}

void Topics::learn(std::string_view topic, const kafka::TopicFacts& facts) {
  known_.insert_or_assign(std::string(topic), facts);
  const auto found = rules_.find(topic);
  if (found == rules_.end()) return;
  Rule& rule = found->second;
  rule.compacted = facts.compacted;
  rule.max_event_bytes = config_.max_event_size_bytes;
  if (facts.max_message_bytes) {
    const std::uint32_t limit_bytes =
        *facts.max_message_bytes - std::min(*facts.max_message_bytes, kBatchOverheadBytes);
    rule.max_event_bytes = std::min<std::uint64_t>(rule.max_event_bytes, limit_bytes);
  }
  ipc::TopicEntry* entry = board_.find(topic);
  if (entry == nullptr) return;  // the board's table is full: such topics are checked at the drain only
  std::uint32_t flags = 0;
  if (facts.state == kafka::TopicFacts::State::kMissing) flags |= ipc::kTopicMissing;
  if (facts.compacted) flags |= ipc::kTopicCompacted;
  entry->flags.store(flags, std::memory_order_relaxed);  // read by each publish
  entry->max_event_bytes.store(static_cast<std::uint32_t>(rule.max_event_bytes), std::memory_order_relaxed);
}

}  // namespace ringpost::daemon
