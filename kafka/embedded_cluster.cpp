#include "kafka/embedded_cluster.hpp"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <utility>

#include "kafka/rd_handles.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::int16_t kProduceRequest = 0;  // the protocol's numbers
constexpr std::int16_t kInitProducerIdRequest = 22;

using ClusterHandle = std::unique_ptr<rd_kafka_mock_cluster_t, Destroyer<rd_kafka_mock_cluster_destroy>>;

void check(rd_kafka_resp_err_t code, const std::string& what) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error("embedded cluster: " + what + ": " + rd_kafka_err2str(code));
  }
}

ClientHandle make_carrier() {
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);
  std::array<char, 512> text{};
  ClientHandle client(rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size()));
  if (!client) {
    rd_kafka_conf_destroy(conf);
    throw std::runtime_error(std::string("embedded cluster: ") + text.data());
  }
  return client;
}

}  // namespace

struct EmbeddedCluster::Impl {
  ClientHandle carrier;  // the mock cluster needs a client to live in
  ClusterHandle cluster;
  bool counts_requests = false;

  void refuse(std::int16_t request, const std::vector<int>& codes) const {
    std::vector<rd_kafka_resp_err_t> errors;
    errors.reserve(codes.size());
    for (const int code : codes) {
      errors.push_back(static_cast<rd_kafka_resp_err_t>(code));
    }
    rd_kafka_mock_push_request_errors_array(cluster.get(), request, errors.size(), errors.data());
  }
};

EmbeddedCluster::EmbeddedCluster(const std::vector<EmbeddedTopic>& topics, int broker_count)
    : impl_(std::make_unique<Impl>()) {
  impl_->carrier = make_carrier();
  impl_->cluster.reset(rd_kafka_mock_cluster_new(impl_->carrier.get(), broker_count));
  if (!impl_->cluster) {
    throw std::runtime_error("embedded cluster: librdkafka could not start it (is 127.0.0.1 there?)");
  }
  for (const EmbeddedTopic& topic : topics) {
    create_topic(topic);
  }
}

EmbeddedCluster::~EmbeddedCluster() = default;

std::string EmbeddedCluster::bootstrap_servers() const {
  return rd_kafka_mock_cluster_bootstraps(impl_->cluster.get());
}

void EmbeddedCluster::create_topic(const EmbeddedTopic& topic) {
  check(rd_kafka_mock_topic_create(impl_->cluster.get(), topic.name.c_str(), topic.partition_count,
                                   topic.replicas),
        "topic " + topic.name);
  for (std::int32_t partition = 0; topic.leader != 0 && partition < topic.partition_count; ++partition) {
    check(
        rd_kafka_mock_partition_set_leader(impl_->cluster.get(), topic.name.c_str(), partition, topic.leader),
        "leader of topic " + topic.name);
  }
}

void EmbeddedCluster::set_topic_error(const std::string& topic, int code) {
  rd_kafka_mock_topic_set_error(impl_->cluster.get(), topic.c_str(), static_cast<rd_kafka_resp_err_t>(code));
}

void EmbeddedCluster::refuse_produce(const std::vector<int>& codes) { impl_->refuse(kProduceRequest, codes); }

void EmbeddedCluster::refuse_produce_at(std::int32_t broker_id, const std::vector<int>& codes, int delay_ms) {
  for (const int code : codes) {
    check(rd_kafka_mock_broker_push_request_error_rtts(impl_->cluster.get(), broker_id, kProduceRequest, 1,
                                                       static_cast<rd_kafka_resp_err_t>(code), delay_ms),
          "broker " + std::to_string(broker_id));
  }
}

void EmbeddedCluster::refuse_producer_ids(const std::vector<int>& codes) {
  impl_->refuse(kInitProducerIdRequest, codes);
}

void EmbeddedCluster::set_broker_up(std::int32_t broker_id, bool up) {
  check(up ? rd_kafka_mock_broker_set_up(impl_->cluster.get(), broker_id)
           : rd_kafka_mock_broker_set_down(impl_->cluster.get(), broker_id),
        "broker " + std::to_string(broker_id));
}

void EmbeddedCluster::set_broker_delay(std::int32_t broker_id, int delay_ms) {
  check(rd_kafka_mock_broker_set_rtt(impl_->cluster.get(), broker_id, delay_ms),
        "broker " + std::to_string(broker_id));
}

void EmbeddedCluster::delay_produce_at(std::int32_t broker_id, int delay_ms) {
  check(rd_kafka_mock_broker_push_request_error_rtts(impl_->cluster.get(), broker_id, kProduceRequest, 1,
                                                     RD_KAFKA_RESP_ERR_NO_ERROR, delay_ms),
        "broker " + std::to_string(broker_id));
}

std::size_t EmbeddedCluster::produce_requests() {
  if (!std::exchange(impl_->counts_requests, true)) {
    rd_kafka_mock_start_request_tracking(impl_->cluster.get());
    return 0;
  }
  std::size_t count = 0;
  rd_kafka_mock_request_t** const requests = rd_kafka_mock_get_requests(impl_->cluster.get(), &count);
  const std::span all(requests, count);
  const auto produce = std::count_if(all.begin(), all.end(), [](rd_kafka_mock_request_t* request) {
    return rd_kafka_mock_request_api_key(request) == kProduceRequest;
  });
  rd_kafka_mock_request_destroy_array(requests, count);
  return static_cast<std::size_t>(produce);
}

}  // namespace ringpost::kafka
