// From the call to Kafka's acknowledgement: so many messages through ringpostd, beside the same messages produced by
// librdkafka in the caller's own process, with equal settings, to the same broker (librdkafka's mock cluster, a process of
// its own), in turns.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "bench/cpu_time.hpp"
#include "bench/effort.hpp"
#include "bench/message.hpp"
#include "bench/plain_producer.hpp"
#include "client-lib/ringpost.hpp"
#include "ipc/clock.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"

namespace ringpost::bench {
namespace {

constexpr const char* kInstance = "kafkaid";
constexpr const char* kTopic = "orders";
constexpr std::size_t kKeys = 1'000;
constexpr int kPartitions = 4;
constexpr std::uint64_t kPollEvery = 64;  // messages, as users of librdkafka poll
constexpr useconds_t kFullPauseUs = 200;  // after BUFFER_FULL
constexpr useconds_t kLookPauseUs = 500;  // between two looks at the board

// What one side needed for a message, in one round.
struct Cost {
  double per_second = 0;
  double client_us = 0;
  double daemon_us = 0;
  double broker_us = 0;
};

std::vector<std::string> make_keys() {
  std::vector<std::string> keys;
  for (std::size_t key = 0; key < kKeys; ++key) keys.push_back("customer-" + std::to_string(1'000 + key));
  return keys;
}

class Round {
 public:
  Round(pid_t daemon, pid_t broker) : daemon_(daemon), broker_(broker) {}

  Cost finish(std::uint64_t messages) const {
    const Stand now(daemon_, broker_);
    const auto count = static_cast<double>(messages);
    const auto us = [count](std::int64_t from_ns, std::int64_t to_ns) {
      return static_cast<double>(to_ns - from_ns) / 1'000 / count;
    };
    return {count * 1e9 / static_cast<double>(now.wall_ns - begin_.wall_ns),
            us(begin_.client_ns, now.client_ns), us(begin_.daemon_ns, now.daemon_ns),
            us(begin_.broker_ns, now.broker_ns)};
  }

 private:
  struct Stand {
    Stand(pid_t daemon, pid_t broker)
        : wall_ns(ipc::monotonic_ns()),
          client_ns(cpu_ns(::getpid())),
          daemon_ns(cpu_ns(daemon)),
          broker_ns(cpu_ns(broker)) {}
    std::int64_t wall_ns;
    std::int64_t client_ns;
    std::int64_t daemon_ns;
    std::int64_t broker_ns;
  };

  pid_t daemon_;
  pid_t broker_;
  Stand begin_{daemon_, broker_};
};

class Contest {
 public:
  explicit Contest(std::uint64_t messages)
      : messages_(messages),
        broker_({kTopic}, kPartitions),
        daemon_("[instance." + std::string(kInstance) + "]\nbrokers = [\"" + broker_.brokers() +
                "\"]\ntopics = [\"" + kTopic + "\"]\n"),
        rival_(broker_.brokers(), kTopic),
        keys_(make_keys()) {
    daemon_.wait_until_connected(kInstance);
    const Options options{daemon_.socket().c_str(), "bench", 0};
    if (client_.open(options)) throw std::runtime_error(last_error_message());
  }

  Cost librdkafka() {
    const Round round(daemon_.process().pid(), broker_.pid());
    const std::uint64_t all = rival_.delivered() + messages_;
    for (std::uint64_t at = 0; at < messages_; ++at) {
      while (!rival_.produce(kMessage, key(at))) rival_.poll(1);
      if (at % kPollEvery == 0) rival_.poll(0);
    }
    while (rival_.delivered() < all) rival_.poll(10);
    return round.finish(messages_);
  }

  Cost ringpost() {
    const Round round(daemon_.process().pid(), broker_.pid());
    for (std::uint64_t at = 0; at < messages_; ++at) publish(key(at));
    // The board says when nothing waits: a look costs no call to the daemon.
    Info info = client_.info(kInstance);
    while (info.waiting_events != 0 || info.room_bytes < room_bytes_) {
      ::usleep(kLookPauseUs);
      info = client_.info(kInstance);
    }
    const Cost cost = round.finish(messages_);
    published_ += messages_;
    if (daemon_.status(kInstance).delivered != published_) {
      throw std::runtime_error("the board said that all is delivered, and the status does not");
    }
    return cost;
  }

  // Connections, producer ids, first pages: nobody's figures.
  void warm_up() {
    const std::uint64_t messages = std::exchange(messages_, std::max<std::uint64_t>(messages_ / 10, 100));
    librdkafka();
    for (std::uint64_t at = 0; at < messages_; ++at) publish(key(at));
    published_ = messages_;
    daemon_.wait_until_delivered(kInstance, published_);
    room_bytes_ = client_.info(kInstance).room_bytes;
    messages_ = messages;
  }

 private:
  std::string_view key(std::uint64_t at) const { return keys_[at % keys_.size()]; }

  void publish(std::string_view key) {
    static const std::array headers{header("header1", "header1-value"), header("header2", "header2-value")};
    ringpost_event event{};
    event.instance = kInstance;
    event.topic = kTopic;
    event.message = kMessage.data();
    event.message_size = kMessage.size();
    event.key = key.data();
    event.key_size = key.size();
    event.headers = headers.data();
    event.header_count = headers.size();
    for (;;) {
      const int code = ringpost_publish(client_.handle(), &event);
      if (code == RINGPOST_OK) return;
      if (code != RINGPOST_BUFFER_FULL) throw std::runtime_error(last_error_message());
      ::usleep(kFullPauseUs);
    }
  }

  std::uint64_t messages_;
  tests::MockCluster broker_;
  tests::Daemon daemon_;
  PlainProducer rival_;
  Client client_{nullptr};
  std::vector<std::string> keys_;
  std::uint64_t published_ = 0;
  std::uint64_t room_bytes_ = 0;  // in empty lanes
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double median_of(const std::vector<Cost>& costs, double Cost::*figure) {
  std::vector<double> values;
  values.reserve(costs.size());
  for (const Cost& cost : costs) values.push_back(cost.*figure);
  return median(values);
}

void print_row(const char* name, const std::vector<Cost>& costs) {
  const double client_us = median_of(costs, &Cost::client_us);
  const double daemon_us = median_of(costs, &Cost::daemon_us);
  std::printf("| %s | %.0f | %.2f | %.2f | %.2f | %.2f |\n", name, median_of(costs, &Cost::per_second),
              client_us, daemon_us, client_us + daemon_us, median_of(costs, &Cost::broker_us));
}

void print_ratio(const std::vector<Cost>& theirs, const std::vector<Cost>& ours) {
  std::vector<double> ratios;
  ratios.reserve(ours.size());
  for (std::size_t round = 0; round < ours.size(); ++round) {
    ratios.push_back(ours[round].per_second / theirs[round].per_second);
  }
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf(
      "\n- messages/s of ringpost / of librdkafka in-process: **%.2f** (median of %zu rounds, %.2f to "
      "%.2f)\n",
      median(ratios), ratios.size(), *least, *most);
}

int main_of(int argc, char** argv) {
  const Effort effort = take_effort(argc, argv);
  if (argc != 1) {
    std::fprintf(stderr, "usage: bench_end_to_end [--smoke|--quick]\n");
    return 64;
  }
  const std::uint64_t messages = of_effort<std::uint64_t>(effort, 1'000, 100'000, 300'000);
  const int contests = of_effort(effort, 1, 2, 5);
  const int rounds = of_effort(effort, 1, 3, 5);
  std::vector<Cost> theirs;
  std::vector<Cost> ours;
  for (int number = 0; number < contests; ++number) {
    // With processes of its own: they differ from one another more than one's rounds do.
    Contest contest(messages);
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
      static_cast<unsigned long long>(messages), kKeys, kPartitions, PlainProducer::librdkafka_version());
  std::printf(
      "| | messages/s | CPU caller | CPU ringpostd | both | CPU broker |\n|---|---:|---:|---:|---:|---:|\n");
  print_row("librdkafka in-process", theirs);
  print_row("ringpost", ours);
  print_ratio(theirs, ours);
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
