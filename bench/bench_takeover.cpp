// How long the end of ringpostd by SIGKILL is felt: from the exec of the next one to the first and to the last record
// that it drains, where 8 lanes are full.
//
//   bench_takeover [ROUNDS]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>

#include "client-lib/ringpost.hpp"
#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/survival/keeper.hpp"

namespace ringpost::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLanes = 8;
constexpr std::size_t kLanesAhead = 2;  // that the library opens beyond those in use
constexpr std::size_t kMessageBytes = 200;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double median(std::vector<double> figures) {
  std::sort(figures.begin(), figures.end());
  return figures[figures.size() / 2];
}

class Takeover {
 public:
  Takeover() : client_({.socket_path = daemon_.socket().c_str(), .connect_timeout_ms = 30'000}) {
    daemon_.wait_until_connected("kafkaid");
    open_lanes();
  }

  void measure() {
    daemon_.kill();
    records_ = 0;
    while (!client_.try_publish(event())) ++records_;
    const auto begin = Clock::now();
    daemon_.launch();
    while (client_.try_publish(event())) std::this_thread::sleep_for(std::chrono::microseconds(100));
    first_ms_.push_back(ms_since(begin));
    while (reading("waiting_in_lanes") != 0) {
    }
    last_ms_.push_back(ms_since(begin));
    while (reading("waiting") != 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

  void print() const {
    std::printf(
        "%zu times, %zu lanes with %zu records: first drained after %.0f ms, last after %.0f ms (medians; "
        "worst %.0f and %.0f)\n",
        first_ms_.size(), kLanes, records_, median(first_ms_), median(last_ms_),
        *std::max_element(first_ms_.begin(), first_ms_.end()),
        *std::max_element(last_ms_.begin(), last_ms_.end()));
  }

 private:
  Event event() const {
    return {.instance = "kafkaid", .topic = "orders", .message = message_, .key = "key"};
  }

  std::int64_t reading(const char* name) const {
    const boost::json::value status = boost::json::parse(tests::RawClient(daemon_.socket()).status());
    return status.at("instances").at(0).at(name).to_number<std::int64_t>();
  }

  void open_lanes() {
    std::atomic<std::size_t> holding{0};
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < kLanes - kLanesAhead; ++thread) {
      threads.emplace_back([&] {
        Event to_come = event();
        to_come.message = {};
        std::unique_ptr<Reservation> held;
        while (!held) {
          try {
            held = std::make_unique<Reservation>(client_.reserve(to_come, kMessageBytes));
          } catch (const std::exception&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
          }
        }
        ++holding;
        while (holding < kLanes - kLanesAhead) std::this_thread::yield();
      });
    }
    for (std::thread& thread : threads) thread.join();
    while (reading("lane_bytes") < static_cast<std::int64_t>(kLanes) * 4 * 1024 * 1024)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

  tests::MockCluster kafka_{{"orders"}, 4};
  tests::Keeper keeper_;
  tests::Daemon daemon_{
      "[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [\"orders\"]\n", "",
      keeper_.environment()};
  Client client_;
  std::string message_ = "\"" + std::string(kMessageBytes - 2, 'x') + "\"";
  std::size_t records_ = 0;
  std::vector<double> first_ms_;
  std::vector<double> last_ms_;
};

}  // namespace
}  // namespace ringpost::bench

int main(int argument_count, char** arguments) {
  try {
    ringpost::bench::Takeover takeover;
    const int rounds = argument_count > 1 ? std::stoi(arguments[1]) : 20;
    for (int round = 0; round < rounds; ++round) takeover.measure();
    takeover.print();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_takeover: %s\n", error.what());
    return 1;
  }
}
