// From the call to Kafka's acknowledgement: so many messages through ringpostd, beside the same messages produced by
// librdkafka in the caller's own process, with equal settings, to the same broker, in turns. The broker is librdkafka's mock
// cluster, a process of its own; with --kafka Apache Kafka, and Kafka's own ProducerPerformance is a third (kafka_contest.hpp).
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "bench/contest.hpp"
#include "bench/effort.hpp"
#include "bench/kafka_contest.hpp"
#include "tests/support/mock_cluster.hpp"

namespace ringpost::bench {
namespace {

constexpr const char* kTopic = "orders";
constexpr int kPartitions = 4;

void run_mock_contest(Effort effort) {
  const auto messages = of_effort<std::uint64_t>(effort, 1'000, 100'000, 300'000);
  const int contests = of_effort(effort, 1, 2, 5);
  const int rounds = of_effort(effort, 1, 3, 5);
  std::vector<Cost> theirs;
  std::vector<Cost> ours;
  for (int number = 0; number < contests; ++number) {
    // With processes of its own: they differ from one another more than one's rounds do.
    const tests::MockCluster broker({kTopic}, kPartitions);
    Contest contest(
        {.brokers = broker.brokers(), .broker = broker.pid(), .topic = kTopic, .messages = messages});
    contest.warm_up();
    for (int round = 0; round < rounds; ++round) {
      // Who begins changes: neither always meets the other's leavings.
      if (round % 2 == 0) theirs.push_back(contest.librdkafka());
      ours.push_back(contest.ringpost());
      if (round % 2 != 0) theirs.push_back(contest.librdkafka());
    }
  }
  std::printf(
      "%llu messages a round of 200 bytes, %zu keys, two headers and the identity, %d partitions; librdkafka "
      "%s, "
      "acks=all, idempotent, lz4, linger 5 ms; publishing with the JSON check; nothing pinned. CPU in µs a "
      "message:\n\n",
      static_cast<unsigned long long>(messages), kContestKeys, kPartitions,
      PlainProducer::librdkafka_version());
  print_head();
  print_row("librdkafka in-process", theirs);
  print_row("ringpost", ours);
  print_ratio("ringpost", "librdkafka in-process", theirs, ours);
}

int usage() {
  std::fprintf(stderr,
               "usage: bench_end_to_end [--smoke|--quick]\n"
               "       bench_end_to_end --kafka [--smoke|--quick]            Apache Kafka, three producers\n"
               "       bench_end_to_end --kafka --partitions [--smoke|--quick]\n"
               "                                                what partitions cost at several rates\n");
  return 64;
}

int main_of(int argc, char** argv) {
  const Effort effort = take_effort(argc, argv);
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  if (arguments.empty()) {
    run_mock_contest(effort);
  } else if (arguments == std::vector<std::string_view>{"--kafka"}) {
    run_kafka_contest(effort);
  } else if (arguments == std::vector<std::string_view>{"--kafka", "--partitions"}) {
    run_partitions(effort);
  } else {
    return usage();
  }
  return 0;
}

}  // namespace
}  // namespace ringpost::bench

int main(int argc, char** argv) {
  try {
    return ringpost::bench::main_of(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_end_to_end: %s\n", error.what());
    return 1;
  }
}
