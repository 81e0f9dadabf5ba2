// What scripts/librdkafka.patch mends. A librdkafka without it fails here.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "kafka/embedded_cluster.hpp"
#include "kafka/rd_handles.hpp"

namespace ringpost::kafka {
namespace {

constexpr int kAnswersAfterMs = 4'000;
// Far more than a thread needs that waits for an answer, and far less than one that does not wait: 700,000 a second.
constexpr std::int64_t kWakeupsMax = 1'000;

class Librdkafka : public ::testing::Test {
 protected:
  Librdkafka() {
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", cluster_.bootstrap_servers());
    set(conf, "enable.idempotence", "true");
    set(conf, "linger.ms", "1");
    set(conf, "statistics.interval.ms", "100");
    set(conf, "debug", "eos");
    set(conf, "log.queue", "true");
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_LOG);
    std::array<char, 512> text{};
    producer_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, text.data(), text.size()));
    if (!producer_) throw std::runtime_error(text.data());
    queue_.reset(rd_kafka_queue_get_main(producer_.get()));
    rd_kafka_set_log_queue(producer_.get(), nullptr);  // the main one
    topic_.reset(rd_kafka_topic_new(producer_.get(), "orders", nullptr));
  }

  static void set(rd_kafka_conf_t* conf, const char* name, const std::string& value) {
    std::array<char, 512> text{};
    if (rd_kafka_conf_set(conf, name, value.c_str(), text.data(), text.size()) != RD_KAFKA_CONF_OK)
      throw std::runtime_error(text.data());
  }

  void produce(int count) {
    for (int number = 0; number < count; ++number) {
      ASSERT_EQ(rd_kafka_produce(topic_.get(), 0, RD_KAFKA_MSG_F_COPY, const_cast<char*>("{}"), 2, nullptr, 0,
                                 nullptr),
                0);
    }
  }

  struct Reading {
    std::int64_t wakeups = 0;       // of the leader's thread
    std::int64_t in_flight = 0;     // requests at the leader
    std::int64_t messages = 0;      // inside the producer
    std::int64_t acknowledged = 0;  // delivery reports seen, since the start
  };

  // The next statistics.
  Reading next() {
    for (;;) {
      const EventHandle event(rd_kafka_queue_poll(queue_.get(), 60'000));
      if (!event) throw std::runtime_error("no statistics within a minute");
      if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR)
        acknowledged_ += static_cast<std::int64_t>(rd_kafka_event_message_count(event.get()));
      if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_STATS)
        return read(rd_kafka_event_stats(event.get()));
    }
  }

  // What the producer says of itself up to a line with this in it.
  std::string log_until(const std::string& part) {
    for (std::string log;;) {
      const EventHandle event(rd_kafka_queue_poll(queue_.get(), 60'000));
      if (!event) throw std::runtime_error("it does not say \"" + part + "\":\n" + log);
      const char* facility = nullptr;
      const char* line = nullptr;
      int level = 0;
      if (rd_kafka_event_log(event.get(), &facility, &line, &level) != 0) continue;
      log.append(line).append("\n");
      if (std::string_view(line).find(part) != std::string_view::npos) return log;
    }
  }

  Reading read(const std::string& json) {
    Reading reading;
    const simdjson::dom::element statistics = parser_.parse(json);
    for (const auto [name, broker] : simdjson::dom::object(statistics["brokers"])) {
      if (std::int64_t(broker["nodeid"]) != 1) continue;
      reading.wakeups = std::int64_t(broker["wakeups"]);
      reading.in_flight = std::int64_t(broker["waitresp_cnt"]);
    }
    reading.messages = std::int64_t(statistics["msg_cnt"]);
    reading.acknowledged = acknowledged_;
    return reading;
  }

  EmbeddedCluster cluster_{{{"orders", 1, 1}}};
  ClientHandle producer_;
  QueueHandle queue_;
  TopicHandle topic_;
  simdjson::dom::parser parser_;
  std::int64_t acknowledged_ = 0;
};

TEST_F(Librdkafka, ABatchBehindWhatIsInFlightIsWaitedWith) {
  produce(1);
  while (next().acknowledged != 1) {
  }
  cluster_.set_broker_delay(1, kAnswersAfterMs);
  produce(10);
  while (next().in_flight == 0) {
  }
  produce(100);
  const Reading begin = next();
  Reading end = begin;
  for (Reading reading = begin; reading.acknowledged == 1; reading = next()) end = reading;
  EXPECT_EQ(end.messages, 110);
  EXPECT_LT(end.wakeups - begin.wakeups, kWakeupsMax);
  cluster_.set_broker_delay(1, 0);
  while (next().acknowledged != 111) {
  }
}

// It would wait for half a second after it was made, and for another where no broker was connected then.
TEST_F(Librdkafka, ANewProducerAsksForItsIdAsSoonAsABrokerIsConnected) {
  const std::string log = log_until("WaitTransport -> WaitPID");
  EXPECT_NE(log.find("(fire immediately): Broker is up"), std::string::npos) << log;
}

}  // namespace
}  // namespace ringpost::kafka
