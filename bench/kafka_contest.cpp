#include "bench/kafka_contest.hpp"

#include <cstdint>
#include <cstdio>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "bench/contest.hpp"
#include "bench/performance_tool.hpp"
#include "tests/kafka_acceptance/batches.hpp"
#include "tests/kafka_acceptance/kafka_cluster.hpp"

namespace ringpost::bench {
namespace {

constexpr int kContestPartitions = 6;

struct Costs {
  std::vector<Cost> librdkafka;
  std::vector<Cost> java;
  std::vector<Cost> ringpost;
  std::vector<Cost> ringpost_bare;
};

// The latest round, on standard error: all of it takes minutes.
void print_progress(const std::string& codec, const Costs& costs) {
  std::fprintf(stderr,
               "%s: librdkafka %.0f/s, ringpost %.0f/s, ProducerPerformance %.0f/s, ringpost, bare, %.0f/s\n",
               codec.c_str(), costs.librdkafka.back().per_second, costs.ringpost.back().per_second,
               costs.java.back().per_second, costs.ringpost_bare.back().per_second);
}

tests::KafkaCluster start_broker() { return tests::KafkaCluster({"--measured"}); }

}  // namespace

void run_kafka_contest(Effort effort) {
  const auto messages = of_effort<std::uint64_t>(effort, 1'000, 200'000, 1'000'000);
  const auto javas_messages = of_effort<std::uint64_t>(effort, 1'000, 1'200'000, 4'000'000);
  const int contests = of_effort(effort, 1, 1, 2);
  const int rounds = of_effort(effort, 1, 4, 2);
  const std::vector<std::string> codecs =
      effort == Effort::kSmoke ? std::vector<std::string>{"lz4"} : std::vector<std::string>{"none", "lz4"};
  std::map<std::string, Costs> costs;
  std::string version;
  for (int number = 0; number < contests; ++number) {
    const tests::KafkaCluster kafka = start_broker();
    kafka.create_topics({{"none", kContestPartitions, {}}, {"lz4", kContestPartitions, {}}});
    version = kafka.version();
    for (const std::string& codec : codecs) {
      Costs& of_codec = costs[codec];
      Contest contest({.brokers = kafka.brokers(),
                       .broker = kafka.broker_pid(),
                       .topic = codec,
                       .codec = codec,
                       .messages = messages});
      const PerformanceTool java{kafka.class_path(), kafka.brokers(), kafka.broker_pid(), codec, codec,
                                 javas_messages};
      // What Java's tool can send: neither key nor header.
      Contest bare({.brokers = kafka.brokers(),
                    .broker = kafka.broker_pid(),
                    .topic = codec,
                    .codec = codec,
                    .messages = messages,
                    .bare = true});
      contest.warm_up();
      bare.warm_up();
      for (int round = 0; round < rounds; ++round) {
        // Who begins changes: nobody always meets another's leavings.
        if (round % 2 == 0) of_codec.librdkafka.push_back(contest.librdkafka());
        of_codec.ringpost.push_back(contest.ringpost());
        if (round % 2 != 0) of_codec.librdkafka.push_back(contest.librdkafka());
        if (round % 2 == 0) of_codec.java.push_back(java.run());
        of_codec.ringpost_bare.push_back(bare.ringpost());
        if (round % 2 != 0) of_codec.java.push_back(java.run());
        print_progress(codec, of_codec);
      }
    }
  }
  std::printf(
      "Apache Kafka %s, one broker on this machine, %d partitions; %llu messages a round of 200 bytes (%llu "
      "of "
      "ProducerPerformance's); librdkafka %s; all: acks=all, idempotent, linger 5 ms, batches up to 512 KiB; "
      "nothing "
      "pinned. ringpost and librdkafka: %zu keys, two headers and the identity, 110 bytes more a message. "
      "ProducerPerformance can send neither key nor header, and \"ringpost, bare\" does not. ringpost checks "
      "that "
      "each message is JSON. CPU in µs a message.\n",
      version.c_str(), kContestPartitions, static_cast<unsigned long long>(messages),
      static_cast<unsigned long long>(javas_messages), PlainProducer::librdkafka_version(), kContestKeys);
  for (const std::string& codec : codecs) {
    const Costs& of_codec = costs[codec];
    std::printf("\n**compression %s**\n\n", codec.c_str());
    print_head();
    print_row("librdkafka in-process", of_codec.librdkafka);
    print_row("ringpost", of_codec.ringpost);
    print_row("Kafka's ProducerPerformance", of_codec.java);
    print_row("ringpost, bare", of_codec.ringpost_bare);
    print_ratio("ringpost", "librdkafka in-process", of_codec.librdkafka, of_codec.ringpost);
    print_ratio("ringpost, bare,", "ProducerPerformance", of_codec.java, of_codec.ringpost_bare);
    print_ratio("ringpost, key and headers and all,", "ProducerPerformance", of_codec.java,
                of_codec.ringpost);
  }
}

namespace {

// All partitions of a topic.
std::size_t count_batches(const tests::KafkaCluster& kafka, const std::string& topic, int partitions) {
  std::size_t count = 0;
  for (int partition = 0; partition < partitions; ++partition) {
    count += tests::read_batches(kafka.segment(topic, partition)).size();
  }
  return count;
}

void run_width(const tests::KafkaCluster& kafka, int partitions, std::chrono::milliseconds linger,
               const std::vector<std::uint32_t>& rates, std::uint64_t seconds) {
  const std::string topic = "wide-" + std::to_string(partitions) + "-" + std::to_string(linger.count());
  for (const std::uint32_t rate : rates) {
    // A rate of 0: as fast as it goes.
    const std::uint64_t messages = rate == 0 ? 100'000 * seconds : rate * seconds;
    Contest contest({.brokers = kafka.brokers(),
                     .broker = kafka.broker_pid(),
                     .topic = topic,
                     .linger = linger,
                     .messages = messages});
    contest.warm_up();
    const std::size_t before = count_batches(kafka, topic, partitions);
    const Cost cost = rate == 0 ? contest.ringpost() : contest.ringpost_paced(rate);
    const std::size_t batches = count_batches(kafka, topic, partitions) - before;
    std::printf("| %d | %lld ms | %s | %.0f | %.1f | %.2f | %.2f |\n", partitions,
                static_cast<long long>(linger.count()),
                rate == 0 ? "all it can" : std::to_string(rate).c_str(), cost.per_second,
                static_cast<double>(messages) / static_cast<double>(batches), cost.daemon_us, cost.broker_us);
    std::fflush(stdout);
  }
}

}  // namespace

void run_partitions(Effort effort) {
  const std::vector<int> widths{1, 6, 50, 200};
  const std::vector<std::uint32_t> rates{1'000, 5'000, 20'000, 0};
  const auto seconds = of_effort<std::uint64_t>(effort, 1, 3, 8);
  const tests::KafkaCluster kafka = start_broker();
  std::vector<tests::NewTopic> topics;
  for (const int partitions : widths) {
    for (const char* linger : {"5", "50"}) {
      topics.push_back({"wide-" + std::to_string(partitions) + "-" + linger, partitions, {}});
    }
  }
  kafka.create_topics(topics);
  std::printf(
      "Apache Kafka %s, one broker on this machine; ringpost alone, %zu keys, lz4. A batch is a request. CPU "
      "in "
      "µs a message:\n\n"
      "| partitions | linger | asked for, messages/s | messages/s | messages a request | CPU ringpostd | CPU "
      "broker "
      "|\n|---:|---:|---:|---:|---:|---:|---:|\n",
      kafka.version().c_str(), kContestKeys);
  for (const int partitions : widths)
    run_width(kafka, partitions, std::chrono::milliseconds(5), rates, seconds);
  run_width(kafka, widths.back(), std::chrono::milliseconds(50), rates, seconds);
}

}  // namespace ringpost::bench
