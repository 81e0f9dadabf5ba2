#include "tests/kafka_moods/rival.hpp"

#include <array>
#include <chrono>
#include <stdexcept>

// rdkafka.h comes through kafka/, whose settings and handles it shares.
#include "kafka/client_properties.hpp"
#include "kafka/rd_handles.hpp"
#include "tests/kafka_moods/events.hpp"

namespace ringpost::tests {
namespace {

constexpr std::chrono::milliseconds kLinger{5};  // the daemon's default
constexpr int kPollMs = 1;

rd_kafka_vu_t bytes(rd_kafka_vtype_t type, const std::string& text) {
  rd_kafka_vu_t value{};
  value.vtype = type;
  value.u.mem.ptr = const_cast<char*>(text.data());  // read only
  value.u.mem.size = text.size();
  return value;
}

kafka::HeadersHandle headers_of(const Event& event, const std::string& id) {
  kafka::HeadersHandle headers(rd_kafka_headers_new(event.headers.size() + 1));
  const auto add = [&headers](const std::string& name, const std::string& value) {
    rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  };
  for (const auto& [name, value] : event.headers) add(name, value);
  add("ringpost-id", id);
  return headers;
}

}  // namespace

struct Rival::Client {
  Client(const std::string& brokers, const std::string& topic_name, Rival& rival) {
    kafka::Properties properties = kafka::producer_properties({"rival", brokers}, {}, kLinger);
    properties["partitioner"] = "murmur2_random";  // the partitions that we choose
    kafka::ConfHandle conf = kafka::make_conf(properties);
    rd_kafka_conf_set_opaque(conf.get(), &rival);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
      Rival& reported = *static_cast<Rival*>(opaque);
      ++(message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? reported.delivered_ : reported.failed_);
    });
    std::array<char, 512> why{};
    client.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), why.data(), why.size()));
    if (!client) throw std::invalid_argument(why.data());
    static_cast<void>(conf.release());  // the client owns it now
    topic.reset(rd_kafka_topic_new(client.get(), topic_name.c_str(), nullptr));
  }

  bool produce(const Event& event, const std::string& id) const {
    std::array<rd_kafka_vu_t, 5> arguments{};
    arguments[0].vtype = RD_KAFKA_VTYPE_RKT;
    arguments[0].u.rkt = topic.get();
    arguments[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    arguments[1].u.i = RD_KAFKA_MSG_F_COPY;
    arguments[2] = bytes(RD_KAFKA_VTYPE_VALUE, event.message);
    arguments[3] = bytes(RD_KAFKA_VTYPE_KEY, *event.key);
    kafka::HeadersHandle headers = headers_of(event, id);
    arguments[4].vtype = RD_KAFKA_VTYPE_HEADERS;
    arguments[4].u.headers = headers.get();
    const kafka::ErrorHandle error(rd_kafka_produceva(client.get(), arguments.data(), arguments.size()));
    if (error) return false;
    static_cast<void>(headers.release());  // the message owns them now
    return true;
  }

  kafka::ClientHandle client;
  kafka::TopicHandle topic;  // let go of before the client
};

Rival::Rival(const std::string& brokers, const std::string& topic)
    : client_(std::make_unique<Client>(brokers, topic, *this)), thread_([this, topic] { publish(topic); }) {}

Rival::~Rival() {
  over_ = true;
  thread_.join();
  rd_kafka_purge(client_->client.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

void Rival::stop() { stopped_ = true; }

void Rival::publish(const std::string& topic) {
  for (const Pace pace; !over_; rd_kafka_poll(client_->client.get(), kPollMs)) {
    dead_ = rd_kafka_fatal_error(client_->client.get(), nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
    for (const std::uint64_t due = pace.due(); published_ < due && !stopped_ && !rests_ && !dead_;
         ++published_) {
      const Event event = mood_event(topic, published_, wall_clock_us());
      if (!client_->produce(event, "rival-" + std::to_string(published_))) break;
      if (published_ % 64 == 0) rd_kafka_poll(client_->client.get(), 0);
    }
  }
}

}  // namespace ringpost::tests
