// Apache Kafka, and consumers that are not ours: what was published is what they read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <thread>
#include <vector>

#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>

#include "tests/kafka_acceptance/kafka_cluster.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

class Acceptance : public testing::Test {
 protected:
  static std::string instance(const std::string& topics) {
    return "[instance.kafkaid]\nbrokers = [\"" + KafkaCluster::shared().brokers() + "\"]\ntopics = [" +
           topics + "]\n";
  }

  const KafkaCluster& kafka = KafkaCluster::shared();
};

// The call of the user's page, as its script engine serialises it.
TEST_F(Acceptance, ThePagesExampleIsReadByJavasConsoleConsumer) {
  const std::string message =
      R"({"id":"123","status":{"code":"OK","message":"Everything is fine!"},"list":[1,2,3],"boolean":true,)"
      R"("date":"2026-01-02T03:04:05.678Z"})";
  kafka.create_topic("topicName", 3);
  Daemon daemon(instance(R"("topicName")"));
  daemon.wait_until_connected("kafkaid");

  const Outcome published =
      run({program("ringpost"), "publish", "--socket", daemon.socket(), "kafkaid", "topicName", message,
           "--key", "key", "--header", "header1=header1-value", "--header", "header2=header2-value"});
  ASSERT_EQ(published.status, 0) << published.errors;
  daemon.wait_until_delivered("kafkaid", 1);

  const std::vector<std::string> lines = kafka.consume_with_java("topicName", 1);
  ASSERT_EQ(lines.size(), 1U);
  std::vector<std::string> fields;
  boost::algorithm::split(fields, lines[0], boost::algorithm::is_any_of("\t"));
  ASSERT_EQ(fields.size(), 6U) << lines[0];
  EXPECT_THAT(fields[0], testing::StartsWith("CreateTime:"));
  EXPECT_EQ(fields[2], "Offset:0");
  EXPECT_THAT(fields[3],
              testing::MatchesRegex("header1:header1-value,header2:header2-value,ringpost-id:[^,]+"));
  EXPECT_EQ(fields[4], "key");
  EXPECT_EQ(fields[5], message);
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

constexpr std::size_t kThreads = 4;
constexpr std::size_t kEventsPerThread = 25'000;
constexpr std::size_t kKeysPerThread = 50;

// Keys with a new line, a zero byte and letters beyond ASCII in them: bytes, not words.
std::string key_of(std::size_t thread, std::size_t number) {
  using namespace std::string_literals;
  return "ключ\n\0"s + std::to_string(thread) + "-" + std::to_string(number % kKeysPerThread);
}

Event event_of(std::size_t thread, std::size_t number) {
  const std::string text = std::to_string(number);
  return {"kafkaid",
          "events",
          R"({"thread":)" + std::to_string(thread) + R"(,"n":)" + text + R"(,"text":"Grüße 🔔"})",
          key_of(thread, number),
          {{"n", text}, {"n", "again"}, {"source", "thread " + std::to_string(thread)}}};
}

TEST_F(Acceptance, AHundredThousandKeyedEventsAreReadByKcatByteForByteAndInOrder) {
  kafka.create_topic("events", 6);
  Daemon daemon(instance(R"("events")"));
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&publisher, thread] {
      for (std::size_t number = 0; number < kEventsPerThread; ++number) {
        ASSERT_EQ(publisher.publish_patiently(event_of(thread, number)), 0) << ringpost_last_error_message();
      }
    });
  }
  threads.clear();
  daemon.wait_until_delivered("kafkaid", kThreads * kEventsPerThread);

  const std::vector<Record> records = read_with_kcat(kafka.brokers(), "events");
  ASSERT_EQ(records.size(), kThreads * kEventsPerThread);
  std::map<std::string, std::size_t> seen;  // how many of a key came
  std::map<std::string, std::int64_t> partition_of;
  for (const Record& record : records) {
    ASSERT_TRUE(record.key);
    const std::size_t thread = std::stoul(record.header("source").value().substr(7));
    const std::size_t number = std::stoul(record.header("n").value());
    Event expected = event_of(thread, number);
    ASSERT_EQ(record.key, expected.key);
    ASSERT_EQ(record.message, expected.message);
    ASSERT_EQ(record.headers.size(), 4U);
    ASSERT_EQ(record.headers.back().first, "ringpost-id");
    ASSERT_TRUE(std::equal(expected.headers.begin(), expected.headers.end(), record.headers.begin()));
    // The n-th record of a key is the n-th that was published with it: order, completeness and once, in one.
    ASSERT_EQ(number / kKeysPerThread, seen[*record.key]++);
    ASSERT_EQ(partition_of.emplace(*record.key, record.partition).first->second, record.partition);
  }
  EXPECT_EQ(seen.size(), kThreads * kKeysPerThread);
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
