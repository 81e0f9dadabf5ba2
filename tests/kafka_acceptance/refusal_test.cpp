// Records that Apache Kafka itself refuses, behind our back: the administrator has just changed their topics.
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/kafka_acceptance/kafka_cluster.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

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

}  // namespace
}  // namespace ringpost::tests
