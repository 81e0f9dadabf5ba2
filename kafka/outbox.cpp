#include "kafka/outbox.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

#include "kafka/dispositions.hpp"
#include "kafka/outbox_impl.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::size_t kMaxMissingTopics =
    1000;  // names that only a pattern allowed and that turned out missing
constexpr std::int64_t kProbePauseNs = 1'000'000'000;
constexpr std::int64_t kIdleProbePauseNs = 10'000'000'000;
constexpr std::int64_t kAskInVainPauseNs = 60'000'000'000;
constexpr std::int64_t kConfigsRefreshNs = 300'000'000'000;

std::uint32_t batch_bytes_of(const Properties& properties) {
  const std::string& text = properties.at("batch.size");
  std::uint32_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);  // librdkafka has checked it
  return bytes;
}

}  // namespace

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

Outbox::Impl::Impl(const OutboxConfig& config, RecordOwner& owner)
    : owner_(owner),
      blocks_(owner),
      id_prefix_(config.id_prefix),
      windows_max_bytes_(config.windows_max_bytes),
      identity_{config.instance, config.bootstrap_servers},
      linger_(config.linger),
      credentials_(config.properties, config.secret_files, wakeup_),
      lookup_(plain_properties(identity_, credentials_.properties()), wakeup_),
      probes_(plain_properties(identity_, credentials_.properties()), wakeup_) {
  set_credentials();
  batch_bytes_ = batch_bytes_of(properties_[0]);
  const std::int64_t now_ns = monotonic_ns();
  connection_.disconnected_since_ns = now_ns;
  connection_.ever_connected = config.ever_connected;
  Route& main = route(RouteId::kMain);
  main.producer.emplace(properties_[0], wakeup_);  // throws what librdkafka says of the configuration
  ++counts_.producers_created;
  for (const std::string& name : config.topics) {
    Topic& topic = topic_of(name);
    topic.configured = true;
    main.producer->warm(topic);
  }
  step_lookups(now_ns);
  timer_ns_ = now_ns;
}

Outbox::Impl::~Impl() {
  for (Route& each : routes_) {
    if (each.producer) {
      each.producer->purge();
      std::move(*each.producer).retire(reaper_);
    }
  }
}

Topic* Outbox::Impl::find_topic(std::string_view name) {
  const auto found = topics_.find(name);
  return found == topics_.end() ? nullptr : found->second.get();
}

Topic& Outbox::Impl::topic_of(std::string_view name) {
  if (last_topic_ != nullptr && last_topic_->name == name) {
    return *last_topic_;
  }
  Topic* topic = find_topic(name);
  if (topic == nullptr) {
    topic =
        topics_.emplace(std::string(name), std::make_unique<Topic>(std::string(name))).first->second.get();
    next_ask_ns_ = 0;
    wake_at(monotonic_ns());
  }
  last_topic_ = topic;
  return *topic;
}

void Outbox::Impl::activate(Topic& topic) {
  if (!topic.active) {
    topic.active = true;
    active_.push_back(&topic);
  }
}

void Outbox::Impl::add(const Addition& record) {
  Topic& topic = topic_of(record.topic);
  const Entry entry = entry_of(record);
  topic.add(blocks_, entry);
  activate(topic);
  ++counts_.queued;
  wake_at(entry.deadline_ns);
}

void Outbox::Impl::add_block(const Block& block) {
  Topic& topic = topic_of(block.topic);
  Entry entry;
  entry.ticket = block.ticket;
  entry.deadline_ns = block.deadline_ns == 0 ? kNever : block.deadline_ns;
  entry.key_hash = block.keyed ? 0 : Entry::kNoKey;
  entry.size_bytes = block.records & Entry::kMaxSizeBytes;
  entry.block = 1;
  topic.add_block(entry);
  topic.inherits = topic.inherits && inheriting_;
  activate(topic);
  counts_.queued += block.records;
  wake_at(entry.deadline_ns);
}

void Outbox::Impl::confirm_topic(std::string_view name) {
  if (Topic* const known = find_topic(name)) {
    if (known->facts.state != TopicFacts::State::kUnasked) {  // else it is being asked
      retell_.emplace_back(name);
      wakeup_.ring();
    }
    return;
  }
  forget_a_missing_topic();
  topic_of(name);
}

// A client that asks for ever new names must not fill the memory.
void Outbox::Impl::forget_a_missing_topic() {
  if (topics_.size() < kMaxMissingTopics) {
    return;
  }
  const auto forgettable = [](const auto& item) {
    const Topic& topic = *item.second;
    return !topic.configured && topic.facts.state == TopicFacts::State::kMissing && !topic.active &&
           topic.in_flight == 0;
  };
  const auto found = std::find_if(topics_.begin(), topics_.end(), forgettable);
  if (found == topics_.end()) {
    return;
  }
  resume_all(*found->second);
  for (Route& each : routes_) {
    if (each.producer) {
      each.producer->forget(*found->second);
    }
  }
  last_topic_ = nullptr;
  connection_.troubles.end(found->second->name);
  topics_.erase(found);
}

void Outbox::Impl::tell(const Topic& topic) { owner_.topic_facts(topic.name, topic.facts); }

void Outbox::Impl::plan_next_ask(const Topic& topic) {
  next_ask_ns_ = std::min(next_ask_ns_, topic.belief.next_ask_ns());
}

void Outbox::Impl::on_topic_exists(const std::string& name, std::vector<Replicas> partitions) {
  Topic* const topic = find_topic(name);
  if (topic == nullptr) {
    return;
  }
  const std::int64_t now_ns = monotonic_ns();
  const auto partition_count = static_cast<std::int32_t>(partitions.size());
  topic->replicas = std::move(partitions);
  topic->replicas_ns = now_ns;
  followers_due_ = true;
  topic->belief.answered_exists(now_ns);
  plan_next_ask(*topic);
  if (std::exchange(topic->hidden, false)) {
    connection_.troubles.end(name);
  }
  TopicFacts& facts = topic->facts;
  const bool unchanged =
      facts.state == TopicFacts::State::kExists && facts.partition_count == partition_count;
  if (!unchanged || now_ns >= topic->configs_due_ns) {
    topic->configs_due_ns = now_ns + kConfigsRefreshNs;
    configs_due_.push_back(topic->name);
  }
  if (unchanged) {
    return;
  }
  // What is left of a topic that was missing for a while may have partitions of its former life.
  const bool shrunk =
      partition_count < facts.partition_count || std::cmp_less(partition_count, topic->partitions.size());
  facts.state = TopicFacts::State::kExists;
  facts.partition_count = partition_count;
  if (shrunk) {  // deleted and created again: what is inside librdkafka is for partitions that may be no more
    resume_all(*topic);
    topic->place_anew_due = true;
    for (const Partition& partition : topic->partitions) {
      if (!partition.window_empty()) {
        end_producer(route(partition.route()));
      }
    }
    if (topic->in_flight == 0) {
      place_anew(*topic, now_ns);
    }
  }
  place(*topic, now_ns);
  tell(*topic);
}

void Outbox::Impl::on_topic_missing(const std::string& name) {
  Topic* const topic = find_topic(name);
  if (topic == nullptr) {
    return;
  }
  const bool missing = topic->belief.answered_missing(monotonic_ns());
  plan_next_ask(*topic);
  if (missing && topic->facts.state != TopicFacts::State::kMissing) {
    resume_all(*topic);
    topic->facts =
        TopicFacts{.state = TopicFacts::State::kMissing, .partition_count = 0, .max_message_bytes = {}};
    for (const Partition& partition : topic->partitions) {
      if (!partition.window_empty()) {  // librdkafka would go on trying for ever
        end_producer(route(partition.route()));
      }
    }
    tell(*topic);
  }
}

// It waits, as when a producer is refused; what was refused here is over when the cluster shows it again.
void Outbox::Impl::on_topic_refused(const std::string& name, int code) {
  if (Topic* const topic = find_topic(name)) {
    topic->belief.refused(monotonic_ns());
    plan_next_ask(*topic);
    topic->hidden = true;
    note_trouble(*topic, code);
  }
}

void Outbox::Impl::on_topic_unanswered(const std::string& name, const std::string& why) {
  if (Topic* const topic = find_topic(name)) {
    topic->belief.failed(monotonic_ns());
    plan_next_ask(*topic);
  }
  if (connection_.connected || connection_.last_error.empty()) {  // else the producer knows better why
    connection_.last_error = "topic look-up: " + why;
  }
}

void Outbox::Impl::on_topic_config(const std::string& name, const TopicConfig& config) {
  Topic* const topic = find_topic(name);
  if (topic == nullptr || topic->facts.state != TopicFacts::State::kExists) {
    return;
  }
  topic->age_max_ms = config.age_max_ms;
  if (topic->facts.max_message_bytes != config.max_message_bytes ||
      topic->facts.compacted != config.compacted) {
    topic->facts.max_message_bytes = config.max_message_bytes;
    topic->facts.compacted = config.compacted;
    tell(*topic);
  }
}

void Outbox::Impl::on_configs_unanswered(const std::string& why) {
  configs_from_ns_ = monotonic_ns() + kConfigsRefreshNs;
  if (connection_.last_error.empty()) {
    connection_.last_error = "DescribeConfigs: " + why;
  }
}

void Outbox::Impl::step_lookups(std::int64_t now_ns) {
  using Kind = TopicLookup::Kind;
  lookup_.take(*this);
  take_probes(now_ns);
  step_followers(now_ns);
  step_credentials(now_ns);
  for (const std::string& name : std::exchange(retell_, {})) {
    if (const Topic* const topic = find_topic(name)) {
      tell(*topic);
    }
  }
  if (!configs_due_.empty() && !lookup_.busy(Kind::kConfigs)) {
    if (now_ns >= configs_from_ns_) {
      lookup_.describe_configs(std::exchange(configs_due_, {}));
    } else {
      configs_due_.clear();
    }
  }
  if (lookup_.busy(Kind::kTopics)) {
    return;  // its answer rings
  }
  if (now_ns >= ask_at_ns()) {
    ask_due_topics(now_ns);
  }
  if (probe_wanted_ && now_ns >= next_probe_ns_ && !lookup_.busy(Kind::kTopics)) {
    next_probe_ns_ = now_ns + (connection_.connected ? kIdleProbePauseNs : kProbePauseNs);
    probe_wanted_ = false;
    lookup_.describe({}, {});
  }
  wake_at(probe_wanted_ ? std::min(ask_at_ns(), next_probe_ns_) : ask_at_ns());
}

// While nobody answers the producer, to ask would cost more than its own tries.
std::int64_t Outbox::Impl::ask_at_ns() const {
  const bool in_vain = asked_ns_ != 0 && !connection_.connected && brokers_.silent() > 0;
  return in_vain ? std::max(next_ask_ns_, asked_ns_ + kAskInVainPauseNs) : next_ask_ns_;
}

void Outbox::Impl::ask_due_topics(std::int64_t now_ns) {
  std::vector<std::string> names;
  next_ask_ns_ = kNever;
  for (const auto& [name, topic] : topics_) {
    if (topic->belief.due(now_ns + TopicBelief::kTogetherNs) && names.size() < TopicLookup::kMaxNames) {
      topic->belief.asked();
      names.push_back(name);
    } else {
      plan_next_ask(*topic);
    }
  }
  if (!names.empty()) {
    asked_ns_ = now_ns;
    lookup_.describe(std::move(names), brokers_.answering_addresses());
  }
}

Outbox::Outbox(const OutboxConfig& config, RecordOwner& owner)
    : impl_(std::make_unique<Impl>(config, owner)) {}
Outbox::~Outbox() = default;
void Outbox::add(const Addition& record) { impl_->add(record); }
void Outbox::add_block(const Block& block) { impl_->add_block(block); }
std::uint64_t Outbox::spill(std::string_view of_topic) { return impl_->spill(of_topic); }
void Outbox::end_producers() { impl_->end_producers(); }
bool Outbox::spill_all() { return impl_->spill_all(); }
void Outbox::hand_over() { impl_->hand_over(); }
void Outbox::poll() { impl_->poll(); }
int Outbox::event_fd() const { return impl_->event_fd(); }
std::int64_t Outbox::next_timer_ns() const { return impl_->next_timer_ns(); }
void Outbox::confirm_topic(std::string_view topic) { impl_->confirm_topic(topic); }
const Connection& Outbox::connection() const { return impl_->connection(); }
OutboxCounts Outbox::counts() const { return impl_->counts(); }

std::string_view error_name(int code) {
  return code == 0 ? std::string_view() : rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code));
}

std::string librdkafka_version() { return rd_kafka_version_str(); }

}  // namespace ringpost::kafka
