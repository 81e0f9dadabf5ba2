#include "daemon/instance/topics.hpp"

#include <algorithm>

namespace ringpost::daemon {
namespace {

// What Kafka puts around one event: a batch of its own (61 bytes), the record's varints, and the ringpost-id
// header. An event of at most max.message.bytes less this is never refused for its size.
constexpr std::uint32_t kBatchOverheadBytes = 256;

const Topics::Rule kNotListed{};
const Topics::Rule kOverQuota{.over_quota = true};

}  // namespace

Topics::Topics(const InstanceConfig& config, ipc::InstanceBoardWriter& board, Arena& arena)
    : config_(config),
      board_(board),
      arena_(arena),
      names_(config.unknown_topics_per_client_max, config.unknown_topics_per_user_max) {
  arena_.add_tenant("");  // that of kNotListed
  // The board wants prefixes first.
  for (const std::string& topic : config.topics) {
    if (topic == "*") {
      board.board().any_topic.store(1, std::memory_order_relaxed);  // read by look_up_topic
    } else if (topic.ends_with('*')) {
      board.add_topic(ipc::TopicKind::kPrefix, std::string_view(topic).substr(0, topic.size() - 1));
    }
  }
  for (const std::string& topic : config.topics) {
    if (!topic.ends_with('*')) add(topic);
  }
}

const Topics::Rule& Topics::rule(std::string_view topic, const Client& client) {
  if (last_ != nullptr && last_->first == topic) return last_->second;
  const auto found = rules_.find(topic);
  if (found != rules_.end()) {
    last_ = &*found;
    return found->second;
  }
  // Names that are not listed come from a client that did not check: they get no place, or it could fill the
  // table.
  if (!topic_is_listed(config_, topic)) return kNotListed;
  if (!names_.may_add(client.id, client.peer.uid)) return kOverQuota;
  names_.add(topic, client.id, client.peer.uid);
  return add(topic);
}

const Topics::Rule& Topics::rule_of_inherited(std::string_view topic) {
  const auto found = rules_.find(topic);
  if (found != rules_.end()) return found->second;
  return topic_is_listed(config_, topic) ? add(topic) : kNotListed;
}

const Topics::Rule& Topics::add(std::string_view topic) {
  board_.add_topic(ipc::TopicKind::kName, topic);
  Rule rule;
  rule.listed = true;
  rule.max_event_bytes = config_.max_event_size_bytes;
  rule.send_timeout_ns = std::chrono::nanoseconds(send_timeout_of(config_, topic)).count();
  rule.tenant = arena_.add_tenant(topic);
  rule.on_board = board_.find(topic);
  return rules_.emplace(topic, rule).first->second;
}

bool Topics::is_configured(std::string_view topic) const {
  return std::find(config_.topics.begin(), config_.topics.end(), topic) != config_.topics.end();
}

const Topics::Rule* Topics::find(std::string_view topic) const {
  const auto found = rules_.find(topic);
  return found == rules_.end() ? nullptr : &found->second;
}

std::int64_t Topics::deadline_ns(std::string_view topic, std::int64_t stamp_ns) const {
  const Rule* rule = find(topic);
  return rule == nullptr ? 0 : rule->deadline_ns(stamp_ns);
}

void Topics::learn(std::string_view topic, const kafka::TopicFacts& facts) {
  if (facts.state == kafka::TopicFacts::State::kExists) names_.exists(topic);
  known_.insert_or_assign(std::string(topic), facts);
  const auto found = rules_.find(topic);
  if (found == rules_.end()) return;
  Rule& rule = found->second;
  rule.missing = facts.state == kafka::TopicFacts::State::kMissing;
  rule.compacted = facts.compacted;
  rule.max_event_bytes = config_.max_event_size_bytes;
  if (facts.max_message_bytes) {
    const std::uint32_t limit_bytes =
        *facts.max_message_bytes - std::min(*facts.max_message_bytes, kBatchOverheadBytes);
    rule.max_event_bytes = std::min<std::uint64_t>(rule.max_event_bytes, limit_bytes);
  }
  show(rule);
}

std::vector<std::string_view> Topics::at_share(const Shares& shares) const {
  std::vector<std::string_view> names;
  if (!shares.may_be_used_up()) return names;
  for (const auto& [name, rule] : rules_) {
    if (shares.used_up(rule.tenant)) names.push_back(name);
  }
  return names;
}

void Topics::mark_full(const Shares& shares) {
  if (full_count_ == 0 && !shares.may_be_used_up()) return;
  for (auto& [name, rule] : rules_) {
    if (rule.on_board == nullptr) continue;  // its calls can't be refused
    const bool full = rule.full ? !shares.has_room_again(rule.tenant) : shares.used_up(rule.tenant);
    if (full == rule.full) continue;
    rule.full = full;
    full_count_ = full ? full_count_ + 1 : full_count_ - 1;
    markings_ += full ? 1 : 0;
    show(rule);
  }
}

void Topics::show(const Rule& rule) {
  if (rule.on_board == nullptr) return;
  std::uint32_t flags = 0;
  if (rule.missing) flags |= ipc::kTopicMissing;
  if (rule.compacted) flags |= ipc::kTopicCompacted;
  if (rule.full) flags |= ipc::kTopicFull;
  rule.on_board->flags.store(flags, std::memory_order_relaxed);  // read by each publish
  rule.on_board->max_event_bytes.store(static_cast<std::uint32_t>(rule.max_event_bytes),
                                       std::memory_order_relaxed);
}

}  // namespace ringpost::daemon
