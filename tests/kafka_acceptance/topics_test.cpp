// Topics that administrators have set up in their own way, and consumers that wait for transactions of others.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ipc/clock.hpp"
#include "kafka/murmur2.hpp"
#include "tests/kafka_acceptance/batches.hpp"
#include "tests/kafka_acceptance/kafka_cluster.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

std::string instance_with(const std::string& topics) {
  return "[instance.kafkaid]\nbrokers = [\"" + KafkaCluster::shared().brokers() + "\"]\ntopics = [" + topics +
         "]\n";
}

Event numbered(const std::string& topic, int number, std::optional<std::string> key) {
  return {"kafkaid",
          topic,
          R"({"n":)" + std::to_string(number) + "}",
          std::move(key),
          {{"n", std::to_string(number)}}};
}

// The numbers of our own events in the order of their first arrival.
std::vector<int> numbers_of(const std::vector<Record>& records) {
  std::vector<int> numbers;
  std::set<std::string> ids;
  for (const Record& record : records) {
    const auto id = record.header("ringpost-id");
    if (id && ids.insert(*id).second) numbers.push_back(std::stoi(record.header("n").value()));
  }
  return numbers;
}

std::vector<int> up_to(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  for (int number = 0; number < count; ++number) numbers[static_cast<std::size_t>(number)] = number;
  return numbers;
}

constexpr int kOthersRecords = 20;

// What ringpostd sends is no transaction: it is there at once, but a consumer that reads only what is committed waits at the
// first record of a transaction that is still open, ours behind it included.
TEST(Topics, ConsumersOfWhatIsCommittedReadOurEventsAndThoseBehindAnOpenTransactionAfterItsEnd) {
  const KafkaCluster& kafka = KafkaCluster::shared();
  kafka.create_topics({{"mixed", 1, {}}});
  Daemon daemon(instance_with(R"("mixed")"));
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  const std::vector<std::string> committed{"isolation.level=read_committed"};
  const std::vector<std::string> everything{"isolation.level=read_uncommitted"};
  for (int number = 0; number < 10; ++number) {
    ASSERT_EQ(publisher.publish_patiently(numbered("mixed", number, "key")), 0);
  }
  daemon.wait_until_delivered("kafkaid", 10);
  EXPECT_EQ(numbers_of(read_with_kcat(kafka.brokers(), "mixed", committed)), up_to(10));

  Process other({"kcat", "-P", "-q", "-b", kafka.brokers(), "-t", "mixed", "-X", "transactional.id=other"},
                {.standard_input = "", .hold_standard_input = true, .environment = {}});
  // kcat takes a kilobyte at a time from a pipe that stays open.
  for (int line = 0; line < kOthersRecords; ++line) other.write('"' + std::string(100, 'y') + "\"\n");
  ASSERT_TRUE(wait_until([&] { return read_with_kcat(kafka.brokers(), "mixed", everything).size() > 10; }))
      << other.errors();
  for (int number = 10; number < 20; ++number) {
    ASSERT_EQ(publisher.publish_patiently(numbered("mixed", number, "key")), 0);
  }
  daemon.wait_until_delivered("kafkaid", 20);
  EXPECT_EQ(numbers_of(read_with_kcat(kafka.brokers(), "mixed", everything)), up_to(20));
  EXPECT_EQ(numbers_of(read_with_kcat(kafka.brokers(), "mixed", committed)), up_to(10));

  other.close_standard_input();  // which is its commit
  ASSERT_EQ(other.wait(), 0) << other.errors();
  ASSERT_TRUE(wait_until(
      [&] { return read_with_kcat(kafka.brokers(), "mixed", committed).size() == 20 + kOthersRecords; }));
  EXPECT_EQ(numbers_of(read_with_kcat(kafka.brokers(), "mixed", committed)), up_to(20));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

TEST(Topics, OneThatIsCompactedTakesEventsWithAKeyAndRefusesOthersAtTheCall) {
  const KafkaCluster& kafka = KafkaCluster::shared();
  kafka.create_topics(
      {{"state", 3, {"cleanup.policy=compact"}}, {"both", 3, {"cleanup.policy=compact,delete"}}});
  Daemon daemon(instance_with(R"("state", "both")"));
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  std::uint64_t too_early = 0;  // before the daemon had heard of the topic's policy: the broker refuses them
  for (const char* topic : {"state", "both"}) {
    ASSERT_TRUE(wait_until([&] {
      const int code = publisher.publish(numbered(topic, -1, std::nullopt));
      too_early += code == 0 ? 1 : 0;
      return code == RINGPOST_INVALID_ARGUMENT;
    }));
    EXPECT_NE(std::string(ringpost_last_error_message()).find("compacted"), std::string::npos)
        << ringpost_last_error_message();
    for (int number = 0; number < 500; ++number) {
      ASSERT_EQ(publisher.publish_patiently(numbered(topic, number, "key")), 0);
      ASSERT_EQ(publisher.publish(numbered(topic, -1, std::nullopt)), RINGPOST_INVALID_ARGUMENT);
    }
    ASSERT_EQ(publisher.publish_patiently(numbered(topic, 500, "")), 0) << "an empty key is a key";
  }
  ASSERT_TRUE(wait_until([&] { return daemon.status("kafkaid").waiting == 0; }));
  const InstanceStatus status = daemon.status("kafkaid");
  EXPECT_EQ(status.delivered, 2U * 501);
  EXPECT_EQ(status.dead_letters, too_early);
  EXPECT_EQ(status.refused.at("INVALID_ARGUMENT"), 2U * 501);
  for (const char* topic : {"state", "both"}) {
    std::vector<int> numbers = numbers_of(read_with_kcat(kafka.brokers(), topic));
    EXPECT_EQ(std::count(numbers.begin(), numbers.end(), 500), 1);  // its key is another: anywhere
    std::erase(numbers, 500);
    EXPECT_EQ(numbers, up_to(500));
  }
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

TEST(Topics, OneWithLogAppendTimeHasTheBrokersTime) {
  const KafkaCluster& kafka = KafkaCluster::shared();
  kafka.create_topics({{"stamped", 1, {"message.timestamp.type=LogAppendTime"}}});
  const std::int64_t before_ms = ipc::realtime_ns() / 1'000'000;
  Daemon daemon(instance_with(R"("stamped")"));
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  for (int number = 0; number < 1'000; ++number) {
    ASSERT_EQ(publisher.publish_patiently(numbered("stamped", number, std::nullopt)), 0);
  }
  daemon.wait_until_delivered("kafkaid", 1'000);
  EXPECT_EQ(numbers_of(read_with_kcat(kafka.brokers(), "stamped")), up_to(1'000));
  for (const Batch& batch : read_batches(kafka.segment("stamped", 0))) {
    EXPECT_TRUE(batch.log_append_time);
    EXPECT_GE(batch.newest_ms, before_ms);
    EXPECT_FALSE(batch.transactional);
  }
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

// Events that have waited longer than their topic takes old ones would be refused, each with its batch.
TEST(Topics, OneThatTakesNoOldEventsGetsThemWithATimeThatItTakes) {
  constexpr std::chrono::seconds kAgeMax{4};
  constexpr int kRecentEvents = 500;
  const KafkaCluster& kafka = KafkaCluster::shared();
  // Compacted, so that a refusal says when the daemon knows the topic's settings.
  kafka.create_topics({{"recent", 1, {"message.timestamp.before.max.ms=4000", "cleanup.policy=compact"}}});
  Daemon daemon(instance_with(R"("recent")"));
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  ASSERT_TRUE(wait_until(
      [&] { return publisher.publish(numbered("recent", -1, std::nullopt)) == RINGPOST_INVALID_ARGUMENT; }));
  ASSERT_EQ(publisher.publish_patiently(numbered("recent", 0, "key")), 0);
  daemon.wait_until_delivered("kafkaid", 1);
  daemon.process().signal(SIGSTOP);
  const std::int64_t published_ms = ipc::realtime_ns() / 1'000'000;
  for (int number = 1; number < kRecentEvents; ++number) {
    ASSERT_EQ(publisher.publish_patiently(numbered("recent", number, "key")), 0);
  }
  std::this_thread::sleep_for(kAgeMax + std::chrono::seconds(1));
  daemon.process().signal(SIGCONT);
  daemon.wait_until_delivered("kafkaid", kRecentEvents);

  const std::vector<Record> records = read_with_kcat(kafka.brokers(), "recent");
  EXPECT_EQ(numbers_of(records), up_to(kRecentEvents));
  const std::int64_t said_ms = std::stoll(records.back().header("ringpost-published").value());
  EXPECT_GE(said_ms, published_ms);
  EXPECT_GE(read_batches(kafka.segment("recent", 0)).back().newest_ms - said_ms,
            kAgeMax / std::chrono::milliseconds(2));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

constexpr int kWidePartitions = 200;
constexpr int kWideEvents = 20'000;
constexpr int kWideKeys = 1'000;
// Null keys stay with a partition for 128 KiB: two of these, and a few more than two for each partition.
constexpr std::size_t kKeylessBytes = 70'000;
constexpr int kKeylessEvents = 2 * kWidePartitions + 20;

TEST(Topics, OneOfTwoHundredPartitionsKeepsEachKeysOrderAndSpreadsWhatHasNone) {
  const KafkaCluster& kafka = KafkaCluster::shared();
  kafka.create_topics({{"wide", kWidePartitions, {}}, {"narrow", 1, {}}});
  Daemon daemon(instance_with(R"("wide", "narrow")"));
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  for (int number = 0; number < kWideEvents; ++number) {
    const std::string key = "key-" + std::to_string(number % kWideKeys);
    ASSERT_EQ(publisher.publish_patiently(numbered("wide", number, key)), 0);
    ASSERT_EQ(publisher.publish_patiently(
                  numbered("narrow", number, number % 2 == 0 ? std::nullopt : std::optional(key))),
              0);
  }
  const std::string large = '"' + std::string(kKeylessBytes, 'x') + '"';
  for (int number = 0; number < kKeylessEvents; ++number) {
    ASSERT_EQ(publisher.publish_patiently({"kafkaid", "wide", large, std::nullopt, {}}), 0);
  }
  daemon.wait_until_delivered("kafkaid", 2 * kWideEvents + kKeylessEvents);

  std::map<std::string, int> seen;
  std::set<std::int64_t> keyless;
  for (const Record& record : read_with_kcat(kafka.brokers(), "wide")) {
    if (!record.key) {
      ASSERT_EQ(record.message, large);
      keyless.insert(record.partition);
      continue;
    }
    ASSERT_EQ(record.partition, kafka::positive_murmur2(*record.key) % kWidePartitions);
    ASSERT_EQ(std::stoi(record.header("n").value()) / kWideKeys, seen[*record.key]++);
  }
  EXPECT_EQ(seen.size(), kWideKeys);
  EXPECT_EQ(keyless.size(), kWidePartitions) << "a partition got no event without a key";

  std::vector<int> keyed;
  std::set<int> others;
  for (const Record& record : read_with_kcat(kafka.brokers(), "narrow")) {
    const int number = std::stoi(record.header("n").value());
    if (record.key)
      keyed.push_back(number);
    else
      others.insert(number);
  }
  EXPECT_TRUE(std::is_sorted(keyed.begin(), keyed.end()));
  EXPECT_EQ(keyed.size(), kWideEvents / 2);
  EXPECT_EQ(others.size(), kWideEvents / 2);
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
