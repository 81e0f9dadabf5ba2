// Records that Apache Kafka itself refuses, behind our back: the administrator has just changed their topics.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "kafka/murmur2.hpp"
#include "tests/kafka_acceptance/kafka_cluster.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

using namespace std::chrono_literals;

constexpr int kEvents = 5'000;
constexpr int kCulprit = 2'500;

// Digits in an order that no codec makes much smaller.
std::string incompressible(std::size_t size) {
  std::mt19937 random(4);
  std::string text(size, ' ');
  for (char& digit : text) digit = static_cast<char>('0' + random() % 10);
  return text;
}

std::string message_of(int number, const std::string& text) {
  return R"({"n":)" + std::to_string(number) + R"(,"text":")" + text + R"("})";
}

// The numbers in the order of their first arrival: what was sent again has its ringpost-id again.
std::vector<int> numbers_in(const std::string& brokers, const std::string& topic) {
  std::vector<int> numbers;
  std::set<std::string> ids;
  for (const Record& record : read_with_kcat(brokers, topic)) {
    if (ids.insert(record.header("ringpost-id").value()).second)
      numbers.push_back(std::stoi(record.message.substr(5)));
  }
  return numbers;
}

TEST(Refusal, OneRecordAmongThousandsOfItsKeyIsReportedAloneAndTheOthersArriveInOrder) {
  const KafkaCluster& kafka = KafkaCluster::shared();
  kafka.create_topics({{"limited", 3, {}}, {"compacted", 3, {}}});
  Daemon daemon("[instance.kafkaid]\nbrokers = [\"" + kafka.brokers() +
                "\"]\ntopics = [\"limited\", \"compacted\"]\n");
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  for (const char* topic : {"limited", "compacted"}) {
    ASSERT_EQ(publisher.publish_patiently({"kafkaid", topic, message_of(-1, ""), "key", {}}), 0);
  }
  daemon.wait_until_delivered("kafkaid",
                              2);  // the topics' settings have been asked for, and are so again in minutes
  kafka.configure_topic("limited", "max.message.bytes=10240");
  kafka.configure_topic("compacted", "cleanup.policy=compact");

  const std::string too_much = incompressible(20'000);
  for (int number = 0; number < kEvents; ++number) {
    Event event{"kafkaid", "limited", message_of(number, std::string(150, 'x')), "key", {}};
    if (number == kCulprit) event.message = message_of(number, too_much);
    ASSERT_EQ(publisher.publish_patiently(event), 0) << ringpost_last_error_message();
    event = {"kafkaid", "compacted", message_of(number, ""), "key", {}};
    if (number == kCulprit) event.key.reset();
    ASSERT_EQ(publisher.publish_patiently(event), 0) << ringpost_last_error_message();
  }
  ASSERT_TRUE(wait_until([&] { return daemon.status("kafkaid").waiting == 0; }));
  const InstanceStatus status = daemon.status("kafkaid");
  EXPECT_EQ(status.accepted, 2U + 2 * kEvents);
  EXPECT_EQ(status.dead_letters, 2U) << daemon.log();
  EXPECT_NE(daemon.log().find("for topic limited"), std::string::npos);
  EXPECT_NE(daemon.log().find("for topic compacted"), std::string::npos);
  EXPECT_EQ(daemon.log().find(too_much), std::string::npos) << "a payload in the log";

  std::vector<int> innocent{-1};
  for (int number = 0; number < kEvents; ++number) {
    if (number != kCulprit) innocent.push_back(number);
  }
  EXPECT_EQ(numbers_in(kafka.brokers(), "limited"), innocent);
  EXPECT_EQ(numbers_in(kafka.brokers(), "compacted"), innocent);
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

// A broker takes any sequence of a producer that it has nothing of in a partition. It stands still until all is in its socket: a batch
// that it will refuse, and what is in flight behind that.
TEST(Refusal, NothingOvertakesAProducersFirstBatch) {
  const KafkaCluster& kafka = KafkaCluster::shared();
  kafka.create_topic("first", 2);
  Daemon daemon("[instance.kafkaid]\nbrokers = [\"" + kafka.brokers() + "\"]\ntopics = [\"first\"]\n");
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  const auto publish = [&](const std::string& key, int number, const std::string& text) {
    ASSERT_EQ(publisher.publish_patiently({"kafkaid", "first", message_of(number, text), key, {}}), 0)
        << ringpost_last_error_message();
  };
  // What asks for the topic's settings goes to the other partition.
  ASSERT_NE(kafka::positive_murmur2("other") % 2, kafka::positive_murmur2("key") % 2);
  publish("other", 0, "");
  daemon.wait_until_delivered("kafkaid", 1);
  kafka.configure_topic("first", "max.message.bytes=10240");

  ASSERT_EQ(kill(kafka.broker_pid(), SIGSTOP), 0);
  publish("key", 1, "");
  publish("key", 2, incompressible(20'000));
  // Each long after the linger: a request of its own, if it may go.
  for (int number = 3; number < 6; ++number) {
    std::this_thread::sleep_for(100ms);
    publish("key", number, "");
  }
  std::this_thread::sleep_for(100ms);
  ASSERT_EQ(kill(kafka.broker_pid(), SIGCONT), 0);
  ASSERT_TRUE(wait_until([&] { return daemon.status("kafkaid").waiting == 0; }));
  EXPECT_EQ(daemon.status("kafkaid").dead_letters, 1U) << daemon.log();
  EXPECT_EQ(daemon.status("kafkaid").delivered, 5U);
  std::vector<int> numbers = numbers_in(kafka.brokers(), "first");
  std::erase(numbers, 0);
  EXPECT_EQ(numbers, (std::vector<int>{1, 3, 4, 5}));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
