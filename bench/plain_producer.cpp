// rdkafka.h comes through kafka/, whose settings and handles it shares; nothing else outside kafka/ does this.
#include "bench/plain_producer.hpp"

#include <array>
#include <charconv>
#include <stdexcept>

#include "kafka/client_properties.hpp"
#include "kafka/rd_handles.hpp"

namespace ringpost::bench {
namespace {

constexpr const char* kQueuedMax = "100000";  // librdkafka's default; the daemon has windows
constexpr std::string_view kId = "7721f55e-9d0f-4d02-a213-43aa16ba0b47-";  // of an arena; the number follows

kafka::Properties properties_of(const PlainProducer::Settings& settings) {
  kafka::Properties properties = kafka::producer_properties(
      {"bench", settings.brokers}, {{"compression.codec", settings.codec}}, settings.linger);
  properties["queue.buffering.max.messages"] = kQueuedMax;
  properties["partitioner"] = "murmur2_random";  // the partitions that we choose
  return properties;
}

}  // namespace

struct PlainProducer::Impl {
  explicit Impl(const Settings& settings) {
    kafka::ConfHandle conf = kafka::make_conf(properties_of(settings));
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
      Impl& impl = *static_cast<Impl*>(opaque);
      ++(message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? impl.delivered : impl.lost);
    });
    std::array<char, 512> why{};
    client.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why.data(), why.size()));
    if (!client) throw std::invalid_argument(why.data());
    static_cast<void>(conf.release());  // the client owns it now
    topic.reset(rd_kafka_topic_new(client.get(), settings.topic.c_str(), nullptr));
  }

  std::uint64_t delivered = 0;
  std::uint64_t lost = 0;
  std::uint64_t number = 0;
  kafka::ClientHandle client;
  kafka::TopicHandle topic;  // let go of before the client
};

PlainProducer::PlainProducer(const Settings& settings) : impl_(std::make_unique<Impl>(settings)) {}
PlainProducer::~PlainProducer() = default;

bool PlainProducer::produce(std::string_view message, std::string_view key) {
  std::array<char, 64> id;
  kId.copy(id.data(), kId.size());
  const char* const id_end =
      std::to_chars(id.data() + kId.size(), id.data() + id.size(), ++impl_->number).ptr;
  const auto id_size = static_cast<std::size_t>(id_end - id.data());
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wgnu-statement-expression"  // what librdkafka's own macros are made of
#endif
  const rd_kafka_resp_err_t code = rd_kafka_producev(
      impl_->client.get(), RD_KAFKA_V_RKT(impl_->topic.get()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_VALUE(const_cast<char*>(message.data()), message.size()),  // read only
      RD_KAFKA_V_KEY(key.data(), key.size()), RD_KAFKA_V_HEADER("header1", "header1-value", 13),
      RD_KAFKA_V_HEADER("header2", "header2-value", 13), RD_KAFKA_V_HEADER("ringpost-id", id.data(), id_size),
      RD_KAFKA_V_END);
#ifdef __clang__
#pragma clang diagnostic pop
#endif
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
  throw std::runtime_error(rd_kafka_err2str(code));
}

void PlainProducer::poll(int timeout_ms) { rd_kafka_poll(impl_->client.get(), timeout_ms); }

const char* PlainProducer::librdkafka_version() { return rd_kafka_version_str(); }

std::uint64_t PlainProducer::delivered() const {
  if (impl_->lost != 0) throw std::runtime_error("librdkafka did not deliver everything");
  return impl_->delivered;
}

}  // namespace ringpost::bench
