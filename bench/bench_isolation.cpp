// What one part's trouble costs the others: how long the events of a healthy topic take from the call to a consumer, while nothing is
// wrong and while something else is, in turns of some seconds within one run; and how long they take when the producer has to be made
// anew under them.
//
//   bench_isolation [TURNS]    of each kind of trouble (4)
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "client-lib/ringpost.hpp"
#include "kafka/embedded_cluster.hpp"
#include "kafka/rd_handles.hpp"
#include "tests/support/daemon.hpp"

namespace ringpost::bench {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::uint64_t kEventsPerSecond = 2'000;  // to the healthy topic, and as many to the one in trouble
constexpr int kPartitions = 4;
constexpr int kLeaderNotAvailable = 5;  // Kafka's codes
constexpr int kTopicAuthorizationFailed = 29;
constexpr int kInvalidProducerEpoch = 47;
constexpr auto kTurn = 4s;
constexpr auto kSettling = 1s;  // of each turn: not measured

std::int64_t now_ns() { return Clock::now().time_since_epoch().count(); }

// Calls `each` at an even pace on a thread of its own.
class Pace {
 public:
  explicit Pace(std::function<void(std::uint64_t)> each)
      : thread_([this, each = std::move(each)] {
          const auto begin = Clock::now();
          for (std::uint64_t number = 0; !stop_; ++number) {
            each(number);
            std::this_thread::sleep_until(
                begin + std::chrono::nanoseconds(number * 1'000'000'000 / kEventsPerSecond));
          }
        }) {}
  ~Pace() {
    stop_ = true;
    thread_.join();
  }
  Pace(const Pace&) = delete;
  Pace& operator=(const Pace&) = delete;

 private:
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// Reads what the healthy topic gets; its messages say when they were published. It asks again and again: a consumer that lets the mock
// wait for more adds half a second.
class Arrivals {
 public:
  explicit Arrivals(const std::string& brokers) {
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    std::string text(512, ' ');
    for (const auto& [name, value] :
         {std::pair{"bootstrap.servers", brokers.c_str()}, std::pair{"group.id", "bench"},
          std::pair{"fetch.wait.max.ms", "1"}, std::pair{"fetch.error.backoff.ms", "1"}}) {
      rd_kafka_conf_set(conf, name, value, text.data(), text.size());
    }
    rd_kafka_conf_set_log_cb(conf, nullptr);
    client_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text.data(), text.size());
    if (client_ == nullptr) throw std::runtime_error(text);
    rd_kafka_topic_partition_list_t* const partitions = rd_kafka_topic_partition_list_new(kPartitions);
    for (int partition = 0; partition < kPartitions; ++partition) {
      rd_kafka_topic_partition_list_add(partitions, "healthy", partition)->offset = RD_KAFKA_OFFSET_END;
    }
    rd_kafka_assign(client_, partitions);
    rd_kafka_topic_partition_list_destroy(partitions);
    thread_ = std::thread([this] { read(); });
  }
  ~Arrivals() {
    stop_ = true;
    thread_.join();
    rd_kafka_destroy(client_);
  }
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;

  std::vector<double> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(milliseconds_, {});
  }

 private:
  void read() {
    while (!stop_) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(client_, 100);
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const std::string published(static_cast<const char*>(message->payload), message->len);
        const std::lock_guard lock(mutex_);
        milliseconds_.push_back(static_cast<double>(now_ns() - std::strtoll(published.c_str(), nullptr, 10)) /
                                1e6);
      }
      rd_kafka_message_destroy(message);
    }
  }

  rd_kafka_t* client_ = nullptr;
  std::mutex mutex_;
  std::vector<double> milliseconds_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

double percentile(std::vector<double>& figures, double part) {
  if (figures.empty()) return 0;
  std::sort(figures.begin(), figures.end());
  return figures[static_cast<std::size_t>(part * static_cast<double>(figures.size() - 1))];
}

struct Trouble {
  const char* name;
  std::string_view instance;
  std::string_view topic;
  std::function<void(bool)> set;
};

std::string configuration(const std::string& kafka, const std::string& other) {
  return "[instance.kafkaid]\nbrokers = [\"" + kafka.substr(0, kafka.find(',')) +
         "\"]\ntopics = [\"healthy\", \"elsewhere\", \"denied\", \"leaderless\", \"none.*\"]\n"
         "[instance.other]\nbrokers = [\"" +
         other + "\"]\ntopics = [\"orders\"]\n";
}

// The slowest event of each second.
struct Renewals {
  std::uint64_t producers = 0;
  std::vector<double> without_ms;
  std::vector<double> with_ms;
};

void print(Renewals& renewals) {
  std::printf(
      "%llu producers made anew; the slowest event of the second around each, ms: median %.1f, slowest %.1f; "
      "of as many other seconds: median %.1f, slowest %.1f\n",
      static_cast<unsigned long long>(renewals.producers), percentile(renewals.with_ms, 0.5),
      percentile(renewals.with_ms, 1), percentile(renewals.without_ms, 0.5),
      percentile(renewals.without_ms, 1));
}

class Isolation {
 public:
  Isolation() {
    daemon_.wait_until_connected("kafkaid");
    daemon_.wait_until_connected("other");
  }

  std::vector<Trouble> troubles() {
    return {
        Trouble{"another instance's brokers are away", "other", "orders",
                [this](bool on) { other_.set_broker_up(1, !on); }},
        Trouble{"another topic's broker is away", "kafkaid", "elsewhere",
                [this](bool on) { kafka_.set_broker_up(2, !on); }},
        Trouble{"another topic's broker answers after 500 ms", "kafkaid", "elsewhere",
                [this](bool on) { kafka_.set_broker_delay(2, on ? 500 : 0); }},
        Trouble{"a topic that we may not write to", "kafkaid", "denied",
                [this](bool on) { kafka_.set_topic_error("denied", on ? kTopicAuthorizationFailed : 0); }},
        Trouble{"a topic without a leader", "kafkaid", "leaderless",
                [this](bool on) { kafka_.set_topic_error("leaderless", on ? kLeaderNotAvailable : 0); }},
        Trouble{"a topic that does not exist", "kafkaid", "none.such", [this](bool on) { missing_ = on; }},
    };
  }

  void compare(const Trouble& trouble, int turns) {
    Client client({.socket_path = daemon_.socket().c_str(), .connect_timeout_ms = 30'000});
    Client other_client({.socket_path = daemon_.socket().c_str(), .connect_timeout_ms = 30'000});
    const Pace healthy([&client](std::uint64_t number) {
      const std::string key = std::to_string(number % 100);
      const std::string message = std::to_string(now_ns());
      client.try_publish({.instance = "kafkaid", .topic = "healthy", .message = message, .key = key});
    });
    const Pace troubled([this, &other_client, &trouble](std::uint64_t number) {
      if (trouble.topic == "none.such" && !missing_) return;
      const std::string key = std::to_string(number % 100);
      other_client.try_publish(
          {.instance = trouble.instance, .topic = trouble.topic, .message = "1", .key = key});
    });
    std::vector<double> without;
    std::vector<double> with;
    for (int turn = 0; turn < turns; ++turn) {
      for (const bool on : {false, true}) {
        trouble.set(on);
        std::this_thread::sleep_for(kSettling);
        arrivals_.take();
        std::this_thread::sleep_for(kTurn);
        const std::vector<double> taken = arrivals_.take();
        std::vector<double>& figures = on ? with : without;
        figures.insert(figures.end(), taken.begin(), taken.end());
      }
    }
    trouble.set(false);
    const double p99 = percentile(without, 0.99);
    const double p99_with = percentile(with, 0.99);
    std::printf("%-44s %10.2f %10.2f %10.2f %10.2f %6.2fx\n", trouble.name, percentile(without, 0.5), p99,
                percentile(with, 0.5), p99_with, p99_with / p99);
    std::fflush(stdout);
  }

  // The producer ends at a refusal that is no record's, and another one sends again what it had.
  void renew(int times, Renewals& renewals) {
    Client client({.socket_path = daemon_.socket().c_str(), .connect_timeout_ms = 30'000});
    const Pace healthy([&client](std::uint64_t number) {
      const std::string key = std::to_string(number % 100);
      const std::string message = std::to_string(now_ns());
      client.try_publish({.instance = "kafkaid", .topic = "healthy", .message = message, .key = key});
    });
    std::this_thread::sleep_for(kSettling);
    const std::uint64_t producers = daemon_.status("kafkaid").producers_created;
    for (int time = 0; time < times; ++time) {
      for (const bool refused : {false, true}) {
        arrivals_.take();
        if (refused) kafka_.refuse_produce_at(1, {kInvalidProducerEpoch});
        std::this_thread::sleep_for(kSettling);
        std::vector<double> taken = arrivals_.take();
        (refused ? renewals.with_ms : renewals.without_ms).push_back(percentile(taken, 1));
      }
    }
    renewals.producers += daemon_.status("kafkaid").producers_created - producers;
  }

 private:
  kafka::EmbeddedCluster kafka_{{{.name = "healthy", .partition_count = kPartitions, .leader = 1},
                                 {.name = "elsewhere", .partition_count = 4, .leader = 2},
                                 {.name = "denied", .partition_count = 4, .leader = 1},
                                 {.name = "leaderless", .partition_count = 4, .leader = 1}},
                                2};
  kafka::EmbeddedCluster other_{{{.name = "orders", .partition_count = 4}}};
  std::atomic<bool> missing_{false};
  tests::Daemon daemon_{configuration(kafka_.bootstrap_servers(), other_.bootstrap_servers())};
  Arrivals arrivals_{kafka_.bootstrap_servers()};
};

}  // namespace
}  // namespace ringpost::bench

int main(int count, char** arguments) {
  using ringpost::bench::Isolation;
  try {
    const int turns = count > 1 ? std::atoi(arguments[1]) : 4;
    std::printf("%-44s %10s %10s %10s %10s %7s\n", "trouble", "p50 ms", "p99 ms", "p50 ms*", "p99 ms*",
                "p99");
    // Each with a cluster of its own: the mock looks for what a consumer wants from the topic's beginning.
    const std::size_t troubles = Isolation().troubles().size();
    for (std::size_t number = 0; number < troubles; ++number) {
      Isolation isolation;
      isolation.compare(isolation.troubles()[number], turns);
    }
    std::printf("* while it lasts; the last column is what it makes of p99\n");
    ringpost::bench::Renewals renewals;
    for (int turn = 0; turn < turns; ++turn) Isolation().renew(5, renewals);
    print(renewals);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_isolation: %s\n", error.what());
    return 1;
  }
}
