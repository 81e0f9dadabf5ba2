#include "kafka/topic_lookup.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <unordered_set>
#include <utility>

#include "kafka/complaint.hpp"
#include "kafka/rd_handles.hpp"

namespace ringpost::kafka {
namespace {

constexpr int kSliceMs = 1000;  // how long a call may hold up the end of the Outbox
constexpr int kTries = 5;
constexpr int kConfigsTimeoutMs = 3000;
constexpr int kConfigsSliceMs = 100;
constexpr std::int64_t kAnyAge = std::numeric_limits<std::int64_t>::max();

using MetadataHandle = std::unique_ptr<const struct rd_kafka_metadata, Destroyer<rd_kafka_metadata_destroy>>;

ClientHandle make_client(const Properties& properties) {
  ConfHandle conf = make_conf(properties);
  std::array<char, 512> text{};
  ClientHandle client(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), text.data(), text.size()));
  if (!client) {
    throw std::runtime_error(std::string("librdkafka: ") + text.data());
  }
  static_cast<void>(conf.release());  // the client owns it now
  return client;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// The second one is what brokers before 3.6 have; later ones heed it where the first is not set.
bool limits_age(std::string_view name) {
  return name == "message.timestamp.before.max.ms" || name == "message.timestamp.difference.max.ms";
}

TopicConfig read_config(const rd_kafka_ConfigResource_t* resource) {
  TopicConfig config;
  bool brokers_time = false;  // and ours is not looked at
  std::int64_t age_max_ms = kAnyAge;
  std::size_t count = 0;
  const rd_kafka_ConfigEntry_t** entries = rd_kafka_ConfigResource_configs(resource, &count);
  for (const rd_kafka_ConfigEntry_t* entry : std::span(entries, count)) {
    const std::string_view name = rd_kafka_ConfigEntry_name(entry);
    const char* const value = rd_kafka_ConfigEntry_value(entry);
    if (value == nullptr) {
      continue;
    }
    if (name == "max.message.bytes") {
      config.max_message_bytes = parse_number<std::uint32_t>(value);
    } else if (name == "cleanup.policy") {
      config.compacted = std::string_view(value).find("compact") != std::string_view::npos;
    } else if (name == "message.timestamp.type") {
      brokers_time = std::string_view(value) == "LogAppendTime";
    } else if (limits_age(name)) {
      age_max_ms = std::min(age_max_ms, parse_number<std::int64_t>(value).value_or(kAnyAge));
    }
  }
  config.age_max_ms = brokers_time || age_max_ms == kAnyAge ? 0 : age_max_ms;
  return config;
}

BrokerAddresses read_addresses(const struct rd_kafka_metadata& metadata) {
  BrokerAddresses addresses;
  for (const auto& broker : std::span(metadata.brokers, static_cast<std::size_t>(metadata.broker_cnt))) {
    addresses[broker.id] = std::string(broker.host) + ":" + std::to_string(broker.port);
  }
  return addresses;
}

std::vector<Replicas> read_replicas(const rd_kafka_metadata_topic& topic) {
  std::vector<Replicas> all(static_cast<std::size_t>(topic.partition_cnt));
  for (const auto& partition : std::span(topic.partitions, all.size())) {
    if (partition.id < 0 || partition.id >= topic.partition_cnt) {
      continue;
    }
    const std::span in_sync(partition.isrs, static_cast<std::size_t>(partition.isr_cnt));
    all[static_cast<std::size_t>(partition.id)] = {.leader = partition.leader,
                                                   .in_sync = {in_sync.begin(), in_sync.end()}};
  }
  return all;
}

}  // namespace

TopicLookup::TopicLookup(Properties properties, const Wakeup& wakeup)
    : properties_(std::make_shared<const Properties>(std::move(properties))), wakeup_(wakeup) {}

void TopicLookup::use(Properties properties) {
  properties_ = std::make_shared<const Properties>(std::move(properties));
}

TopicLookup::~TopicLookup() {
  stop_.store(true, std::memory_order_relaxed);  // read by stopped(); the join orders the rest
  for (Job& each : jobs_) {
    if (each.thread.joinable()) {
      each.thread.join();
    }
  }
}

void TopicLookup::start(Kind kind, std::function<void()> work) {
  Job& started = job(kind);
  if (started.thread.joinable()) {
    started.thread.join();  // it has posted its end: this waits for its last instructions
  }
  started.running = true;
  started.thread = std::thread([this, kind, work = std::move(work)] {
    work();
    post([this, kind](LookupAnswers&) { job(kind).running = false; });
  });
}

void TopicLookup::post(Answer answer) {
  const std::lock_guard lock(mutex_);
  answers_.push_back(std::move(answer));
  wakeup_.ring();
}

void TopicLookup::take(LookupAnswers& answers) {
  std::vector<Answer> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(answers_);
  }
  for (const Answer& answer : taken) {
    answer(answers);
  }
}

void TopicLookup::describe(std::vector<std::string> names, const std::string& brokers) {
  Properties properties = *properties_;
  if (!brokers.empty()) {
    properties["bootstrap.servers"] = brokers;
  }
  start(Kind::kTopics, [this, properties = std::move(properties), names = std::move(names)] {
    ask_topics(properties, names);
  });
}

void TopicLookup::describe_configs(std::vector<std::string> names) {
  start(Kind::kConfigs,
        [this, properties = properties_, names = std::move(names)] { ask_configs(*properties, names); });
}

void TopicLookup::post_unanswered(std::vector<std::string> names, const std::string& why) {
  post([names = std::move(names), why](LookupAnswers& answers) {
    for (const std::string& name : names) {
      answers.on_topic_unanswered(name, why);
    }
  });
}

void TopicLookup::ask_topics(const Properties& properties, const std::vector<std::string>& names) try {
  const ClientHandle client = make_client(properties);
  std::vector<TopicHandle> topics;  // makes them the client's "known topics": never NULL and all
  topics.reserve(names.size());
  for (const std::string& name : names) {
    topics.emplace_back(rd_kafka_topic_new(client.get(), name.c_str(), nullptr));
  }
  const struct rd_kafka_metadata* answer = nullptr;
  rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;
  for (int tries = 0; tries < kTries && answer == nullptr && !stopped(); ++tries) {
    code = rd_kafka_metadata(client.get(), 0, nullptr, &answer, kSliceMs);
  }
  if (answer == nullptr) {
    post([](LookupAnswers& answers) { answers.on_cluster_silent(); });
    post_unanswered(names, silence_of(kTries * kSliceMs / 1000, rd_kafka_err2str(code)));
    return;
  }
  const MetadataHandle metadata(answer);
  // Together: a thousand names must not wake the instance's thread a thousand times.
  std::vector<Answer> found;
  found.emplace_back([brokers = read_addresses(*metadata)](LookupAnswers& answers) {
    answers.on_cluster_answered(brokers);
  });
  std::unordered_set<std::string> unanswered(names.begin(), names.end());
  for (const auto& topic : std::span(metadata->topics, static_cast<std::size_t>(metadata->topic_cnt))) {
    const std::string name = topic.topic;
    if (unanswered.erase(name) == 0) {
      continue;
    }
    if (topic.err == RD_KAFKA_RESP_ERR_NO_ERROR && topic.partition_cnt > 0) {
      found.emplace_back([name, partitions = read_replicas(topic)](LookupAnswers& answers) {
        answers.on_topic_exists(name, partitions);
      });
    } else if (topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
               topic.err == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION) {
      found.emplace_back([name](LookupAnswers& answers) { answers.on_topic_missing(name); });
    } else if (topic.err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
      found.emplace_back(
          [name, code = topic.err](LookupAnswers& answers) { answers.on_topic_refused(name, code); });
    } else {
      post_unanswered({name}, name + ": " + rd_kafka_err2str(topic.err));
    }
  }
  post([found = std::move(found)](LookupAnswers& answers) {
    for (const Answer& each : found) {
      each(answers);
    }
  });
  if (!unanswered.empty())
    post_unanswered({unanswered.begin(), unanswered.end()}, "the cluster's answer leaves it out");
} catch (const std::exception& error) {
  post_unanswered(names, error.what());
}

void TopicLookup::ask_configs(const Properties& properties, const std::vector<std::string>& names) try {
  const ClientHandle client = make_client(properties);
  const QueueHandle queue(rd_kafka_queue_new(client.get()));
  std::array<char, 256> text{};
  const AdminOptionsHandle options(
      rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kConfigsTimeoutMs, text.data(), text.size());
  std::vector<rd_kafka_ConfigResource_t*> resources(names.size());
  std::transform(names.begin(), names.end(), resources.begin(), [](const std::string& name) {
    return rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str());
  });
  rd_kafka_DescribeConfigs(client.get(), resources.data(), resources.size(), options.get(), queue.get());
  rd_kafka_ConfigResource_destroy_array(resources.data(), resources.size());

  EventHandle event;
  while (!event && !stopped()) {  // the request's own time-out ends it
    event.reset(rd_kafka_queue_poll(queue.get(), kConfigsSliceMs));
  }
  if (!event) {
    return;
  }
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    post([why = std::string(rd_kafka_event_error_string(event.get()))](LookupAnswers& answers) {
      answers.on_configs_unanswered(why);
    });
    return;
  }
  std::size_t count = 0;
  const rd_kafka_ConfigResource_t** described =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  for (const rd_kafka_ConfigResource_t* resource : std::span(described, count)) {
    if (rd_kafka_ConfigResource_error(resource) == RD_KAFKA_RESP_ERR_NO_ERROR) {
      post([name = std::string(rd_kafka_ConfigResource_name(resource)), config = read_config(resource)](
               LookupAnswers& answers) { answers.on_topic_config(name, config); });
    }
  }
} catch (const std::exception& error) {
  post([why = std::string(error.what())](LookupAnswers& answers) { answers.on_configs_unanswered(why); });
}

}  // namespace ringpost::kafka
