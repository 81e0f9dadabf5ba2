// Every codec that librdkafka knows: what is read back is what was published, and the broker holds it as it was asked for.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/kafka_acceptance/batches.hpp"
#include "tests/kafka_acceptance/kafka_cluster.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

constexpr int kPackedPartitions = 3;
constexpr int kPackedEvents = 2'000;
constexpr int kLargePacked = 1'000;
constexpr std::size_t kLargePackedBytes = 700'000;
constexpr int kPackedKeys = 20;

const std::map<std::string, Codec> kCodecs{{"none", Codec::kNone},
                                           {"gzip", Codec::kGzip},
                                           {"snappy", Codec::kSnappy},
                                           {"lz4", Codec::kLz4},
                                           {"zstd", Codec::kZstd}};

// Small enough to be one batch with many others, but for one that is a batch of its own. Each has something to compress.
std::string packed_message(int number) {
  const std::size_t size = number == kLargePacked ? kLargePackedBytes : 150;
  return R"({"n":)" + std::to_string(number) + R"(,"text":"Grüße 🔔","filling":")" + std::string(size, 'x') +
         R"("})";
}

Event packed_event(const std::string& codec, int number) {
  return {codec,
          "packed-" + codec,
          packed_message(number),
          "key-" + std::to_string(number % kPackedKeys),
          {{"n", std::to_string(number)}}};
}

TEST(Compression, EachCodecIsReadByKcatByteForByteAndIsWhatTheBrokerHolds) {
  const KafkaCluster& kafka = KafkaCluster::shared();
  std::vector<NewTopic> topics;
  std::string instances;
  for (const auto& [name, codec] : kCodecs) {
    topics.push_back({"packed-" + name, kPackedPartitions, {}});
    instances += "[instance." + name + "]\nbrokers = [\"" + kafka.brokers() + "\"]\ntopics = [\"packed-" +
                 name + "\"]\n[instance." + name + ".librdkafka]\n\"compression.codec\" = \"" + name + "\"\n";
  }
  kafka.create_topics(topics);
  Daemon daemon(instances);
  Publisher publisher(daemon.socket());
  for (const auto& [name, codec] : kCodecs) daemon.wait_until_connected(name);
  for (int number = 0; number < kPackedEvents; ++number) {
    for (const auto& [name, codec] : kCodecs) {
      ASSERT_EQ(publisher.publish_patiently(packed_event(name, number)), 0) << ringpost_last_error_message();
    }
  }

  for (const auto& [name, codec] : kCodecs) {
    daemon.wait_until_delivered(name, kPackedEvents);
    const std::vector<Record> records = read_with_kcat(kafka.brokers(), "packed-" + name);
    ASSERT_EQ(records.size(), kPackedEvents) << name;
    std::map<std::string, int> seen;  // how many of a key came
    for (const Record& record : records) {
      const int number = std::stoi(record.header("n").value());
      ASSERT_EQ(record.message, packed_message(number)) << name;
      ASSERT_EQ(record.key, packed_event(name, number).key) << name;
      ASSERT_EQ(number / kPackedKeys, seen[*record.key]++) << name << ": out of order, or twice";
    }
    for (int partition = 0; partition < kPackedPartitions; ++partition) {
      for (const Batch& batch : read_batches(kafka.segment("packed-" + name, partition))) {
        EXPECT_EQ(batch.codec, codec) << name << ", a batch of " << batch.records << " records";
      }
    }
  }
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
