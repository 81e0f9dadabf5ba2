#include "tests/kafka_moods/admin.hpp"

#include <array>
#include <functional>
#include <span>
#include <stdexcept>
#include <utility>

// rdkafka.h comes through kafka/, whose settings and handles it shares.
#include "kafka/client_properties.hpp"
#include "kafka/rd_handles.hpp"

namespace ringpost::tests {
namespace {

using kafka::Destroyer;

constexpr int kRequestMs = 60'000;
constexpr int kLookMs = 2'000;

using MetadataHandle = std::unique_ptr<const struct rd_kafka_metadata, Destroyer<rd_kafka_metadata_destroy>>;
using NewTopicHandle = std::unique_ptr<rd_kafka_NewTopic_t, Destroyer<rd_kafka_NewTopic_destroy>>;
using DeleteTopicHandle = std::unique_ptr<rd_kafka_DeleteTopic_t, Destroyer<rd_kafka_DeleteTopic_destroy>>;
using NewPartitionsHandle =
    std::unique_ptr<rd_kafka_NewPartitions_t, Destroyer<rd_kafka_NewPartitions_destroy>>;
using ElectLeadersHandle = std::unique_ptr<rd_kafka_ElectLeaders_t, Destroyer<rd_kafka_ElectLeaders_destroy>>;
using ResourceHandle = std::unique_ptr<rd_kafka_ConfigResource_t, Destroyer<rd_kafka_ConfigResource_destroy>>;
using PartitionsHandle =
    std::unique_ptr<rd_kafka_topic_partition_list_t, Destroyer<rd_kafka_topic_partition_list_destroy>>;

void check(rd_kafka_resp_err_t code, const std::string& what) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(what + ": " + rd_kafka_err2str(code));
}

void check_topics(const rd_kafka_topic_result_t** results, std::size_t count, const std::string& what) {
  for (const rd_kafka_topic_result_t* result : std::span(results, count))
    check(rd_kafka_topic_result_error(result), what);
}

}  // namespace

Replicas on_three_brokers(int partitions) {
  Replicas replicas;
  for (int partition = 0; partition < partitions; ++partition)
    replicas.push_back({1 + partition % 3, 1 + (partition + 1) % 3, 1 + (partition + 2) % 3});
  return replicas;
}

struct Admin::Impl {
  explicit Impl(const std::string& brokers) {
    kafka::ConfHandle conf = kafka::make_conf(kafka::plain_properties({"moods", brokers}, {}));
    std::array<char, 512> why{};
    client.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why.data(), why.size()));
    if (!client) throw std::invalid_argument(why.data());
    static_cast<void>(conf.release());  // the client owns it now
  }

  using Request = std::function<void(const rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>;

  // A broker that is fenced for a moment, as happens on a full machine, takes librdkafka's handle and the answer with it: then it is
  // asked again, and what was done already is there.
  kafka::EventHandle ask(rd_kafka_admin_op_t kind, const std::string& what, const Request& request) {
    const kafka::QueueHandle queue(rd_kafka_queue_new(client.get()));
    const kafka::AdminOptionsHandle options(rd_kafka_AdminOptions_new(client.get(), kind));
    std::array<char, 256> why{};
    rd_kafka_AdminOptions_set_request_timeout(options.get(), kRequestMs, why.data(), why.size());
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), kRequestMs, why.data(), why.size());
    for (answer_lost = false;; answer_lost = true) {
      request(options.get(), queue.get());
      kafka::EventHandle event(rd_kafka_queue_poll(queue.get(), 2 * kRequestMs));
      if (!event) throw std::runtime_error(what + ": no answer");
      const rd_kafka_resp_err_t code = rd_kafka_event_error(event.get());
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return event;
      if (code != RD_KAFKA_RESP_ERR__DESTROY_BROKER)
        throw std::runtime_error(what + ": " + rd_kafka_event_error_string(event.get()));
    }
  }

  kafka::ClientHandle client;
  bool answer_lost = false;  // of the last request, the first time
};

Admin::Admin(const std::string& brokers) : impl_(std::make_unique<Impl>(brokers)) {}
Admin::~Admin() = default;

void Admin::create(const std::string& topic, const Replicas& replicas,
                   const std::map<std::string, std::string>& settings) {
  const std::string what = "creating " + topic;
  std::array<char, 256> why{};
  const NewTopicHandle created(
      rd_kafka_NewTopic_new(topic.c_str(), static_cast<int>(replicas.size()), -1, why.data(), why.size()));
  for (std::size_t partition = 0; partition < replicas.size(); ++partition) {
    std::vector<std::int32_t> brokers = replicas[partition];
    check(rd_kafka_NewTopic_set_replica_assignment(created.get(), static_cast<std::int32_t>(partition),
                                                   brokers.data(), brokers.size(), why.data(), why.size()),
          what);
  }
  for (const auto& [name, value] : settings)
    check(rd_kafka_NewTopic_set_config(created.get(), name.c_str(), value.c_str()), what);
  rd_kafka_NewTopic_t* raw = created.get();
  const auto event = impl_->ask(RD_KAFKA_ADMIN_OP_CREATETOPICS, what, [&](const auto* options, auto* queue) {
    rd_kafka_CreateTopics(impl_->client.get(), &raw, 1, options, queue);
  });
  std::size_t count = 0;
  const auto* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  if (impl_->answer_lost && rd_kafka_topic_result_error(results[0]) == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    return;
  check_topics(const_cast<const rd_kafka_topic_result_t**>(results), count, what);
}

void Admin::remove(const std::string& topic) {
  const std::string what = "deleting " + topic;
  const DeleteTopicHandle removed(rd_kafka_DeleteTopic_new(topic.c_str()));
  rd_kafka_DeleteTopic_t* raw = removed.get();
  const auto event = impl_->ask(RD_KAFKA_ADMIN_OP_DELETETOPICS, what, [&](const auto* options, auto* queue) {
    rd_kafka_DeleteTopics(impl_->client.get(), &raw, 1, options, queue);
  });
  std::size_t count = 0;
  check_topics(rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.get()), &count),
               count, what);
}

void Admin::grow(const std::string& topic, std::size_t present, Replicas added) {
  const std::string what = "adding partitions to " + topic;
  std::array<char, 256> why{};
  const NewPartitionsHandle grown(
      rd_kafka_NewPartitions_new(topic.c_str(), present + added.size(), why.data(), why.size()));
  for (std::size_t index = 0; index < added.size(); ++index) {
    check(rd_kafka_NewPartitions_set_replica_assignment(grown.get(), static_cast<std::int32_t>(index),
                                                        added[index].data(), added[index].size(), why.data(),
                                                        why.size()),
          what);
  }
  rd_kafka_NewPartitions_t* raw = grown.get();
  const auto event =
      impl_->ask(RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, what, [&](const auto* options, auto* queue) {
        rd_kafka_CreatePartitions(impl_->client.get(), &raw, 1, options, queue);
      });
  std::size_t count = 0;
  check_topics(
      rd_kafka_CreatePartitions_result_topics(rd_kafka_event_CreatePartitions_result(event.get()), &count),
      count, what);
}

void Admin::configure(const std::string& topic, const std::string& name, const std::string& value) {
  const std::string what = "configuring " + topic;
  const ResourceHandle resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const kafka::ErrorHandle error(rd_kafka_ConfigResource_add_incremental_config(
      resource.get(), name.c_str(), RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET, value.c_str()));
  if (error) throw std::runtime_error(what + ": " + rd_kafka_error_string(error.get()));
  rd_kafka_ConfigResource_t* raw = resource.get();
  const auto event =
      impl_->ask(RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS, what, [&](const auto* options, auto* queue) {
        rd_kafka_IncrementalAlterConfigs(impl_->client.get(), &raw, 1, options, queue);
      });
  std::size_t count = 0;
  const auto** results = rd_kafka_IncrementalAlterConfigs_result_resources(
      rd_kafka_event_IncrementalAlterConfigs_result(event.get()), &count);
  for (const auto* result : std::span(results, count)) check(rd_kafka_ConfigResource_error(result), what);
}

void Admin::elect_preferred_leaders(const std::string& topic, std::size_t partitions) {
  const std::string what = "electing the leaders of " + topic;
  const PartitionsHandle list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions)));
  rd_kafka_topic_partition_list_add_range(list.get(), topic.c_str(), 0,
                                          static_cast<std::int32_t>(partitions) - 1);
  const ElectLeadersHandle election(rd_kafka_ElectLeaders_new(RD_KAFKA_ELECTION_TYPE_PREFERRED, list.get()));
  const auto event = impl_->ask(RD_KAFKA_ADMIN_OP_ELECTLEADERS, what, [&](const auto* options, auto* queue) {
    rd_kafka_ElectLeaders(impl_->client.get(), election.get(), options, queue);
  });
  std::size_t count = 0;
  const auto** results =
      rd_kafka_ElectLeaders_result_partitions(rd_kafka_event_ElectLeaders_result(event.get()), &count);
  for (const auto* result : std::span(results, count)) {
    const rd_kafka_error_t* error = rd_kafka_topic_partition_result_error(result);
    if (error != nullptr && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_ELECTION_NOT_NEEDED)
      check(rd_kafka_error_code(error), what);
  }
}

std::vector<PartitionView> Admin::look_at(const std::string& topic) {
  const kafka::TopicHandle handle(rd_kafka_topic_new(impl_->client.get(), topic.c_str(), nullptr));
  const struct rd_kafka_metadata* answer = nullptr;
  if (rd_kafka_metadata(impl_->client.get(), 0, handle.get(), &answer, kLookMs) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return {};
  const MetadataHandle metadata(answer);
  std::vector<PartitionView> views;
  for (const auto& found : std::span(metadata->topics, static_cast<std::size_t>(metadata->topic_cnt))) {
    if (found.topic != topic || found.err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    views.resize(static_cast<std::size_t>(found.partition_cnt));
    for (const auto& partition : std::span(found.partitions, views.size())) {
      const std::span in_sync(partition.isrs, static_cast<std::size_t>(partition.isr_cnt));
      views.at(static_cast<std::size_t>(partition.id)) = {
          .leader = partition.leader,
          .in_sync = {in_sync.begin(), in_sync.end()},
          .replica_count = static_cast<std::size_t>(partition.replica_cnt)};
    }
  }
  return views;
}

std::vector<Offsets> Admin::offsets(const std::string& topic, std::size_t partitions) {
  std::vector<Offsets> all(partitions);
  for (std::size_t partition = 0; partition < partitions; ++partition) {
    all[partition] = offsets_of(topic, partition);
  }
  return all;
}

Offsets Admin::offsets_of(const std::string& topic, std::size_t partition) {
  Offsets offsets;
  check(rd_kafka_query_watermark_offsets(impl_->client.get(), topic.c_str(),
                                         static_cast<std::int32_t>(partition), &offsets.first, &offsets.end,
                                         kRequestMs),
        "the offsets of " + topic);
  return offsets;
}

}  // namespace ringpost::tests
