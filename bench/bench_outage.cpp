// What an outage of the brokers costs. A call that is refused, BUFFER_FULL, beside one that is accepted; how long a start takes
// over what the outage has left on disk; and how soon throughput is what it was when the brokers are back.
//
//   bench_outage [SECONDS]    of the outage, at 15,000 events/s (20)
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
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

constexpr std::uint64_t kEventsPerSecond = 15'000;
constexpr std::size_t kMessageBytes = 300;
constexpr std::size_t kSlices = 100;
constexpr std::size_t kCallsOfSlice = 1'000;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::string instance(const std::string& name, const tests::MockCluster& kafka, const std::string& more) {
  return "[instance." + name + "]\nbrokers = [\"" + kafka.brokers() + "\"]\ntopics = [\"orders\"]\n" + more +
         "\n";
}

Event event(std::string_view instance, std::string_view message) {
  return {.instance = instance, .topic = "orders", .message = message, .key = "key"};
}

// In turns, so that whatever else the machine does is in both.
class Refusals {
 public:
  Refusals() : client_({.socket_path = daemon_.socket().c_str(), .connect_timeout_ms = 30'000}) {
    daemon_.wait_until_connected("flowing");
    daemon_.wait_until_connected("full");
    kafka_of_full_.stop_broker(1);
    // Full for good: refused for as long as a nap of the daemon lasts, and more.
    for (int refused = 0; refused < 1'000;) {
      const bool accepted = !client_.try_publish(event("full", message_));
      refused = accepted ? 0 : refused + 1;
      if (!accepted) std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
  }

  void measure() {
    std::vector<double> accepted_ns;
    std::vector<double> refused_ns;
    for (std::size_t slice = 0; slice < kSlices; ++slice) {
      accepted_ns.push_back(call_ns("flowing", true));
      refused_ns.push_back(call_ns("full", false));
      std::this_thread::sleep_for(
          std::chrono::milliseconds(5));  // the daemon takes the slice out of the lane
    }
    const double accepted = median(accepted_ns);
    const double refused = median(refused_ns);
    std::printf("a call that is accepted: %.0f ns, one that is refused (BUFFER_FULL): %.0f ns, ratio %.2f\n",
                accepted, refused, refused / accepted);
  }

 private:
  static double median(std::vector<double> figures) {
    std::sort(figures.begin(), figures.end());
    return figures[figures.size() / 2];
  }

  double call_ns(std::string_view instance, bool expected) {
    std::size_t accepted = 0;
    const auto begin = Clock::now();
    for (std::size_t call = 0; call < kCallsOfSlice; ++call)
      accepted += !client_.try_publish(event(instance, message_)) ? 1 : 0;
    const double ns = seconds_since(begin) * 1e9 / kCallsOfSlice;
    if (accepted != (expected ? kCallsOfSlice : 0))
      throw std::runtime_error(std::to_string(accepted) + " calls were accepted, and all or none were to be");
    return ns;
  }

  std::string message_ = "\"" + std::string(kMessageBytes - 2, 'x') + "\"";
  tests::MockCluster kafka_{{"orders"}, 4};
  tests::MockCluster kafka_of_full_{{"orders"}, 4};
  tests::Daemon daemon_{instance("flowing", kafka_, "") +
                        instance("full", kafka_of_full_,
                                 "spool = \"0\"\nbuffer_size = \"2MiB\"\nlane_size = \"128KiB\"\n"
                                 "max_event_size = \"16KiB\"\n")};
  Client client_;
};

class Outage {
 public:
  Outage() { daemon_.wait_until_connected("kafkaid"); }

  void measure(int seconds) {
    std::thread publisher([this] { publish(); });
    std::this_thread::sleep_for(std::chrono::seconds(3));
    const double before = delivered_per_second(std::chrono::seconds(3));
    kafka_.stop_broker(1);
    std::this_thread::sleep_for(std::chrono::seconds(seconds));
    restart();
    kafka_.start_broker(1);
    recover(before);
    stop_ = true;
    publisher.join();
    std::printf("%llu accepted, %llu refused in all\n", static_cast<unsigned long long>(accepted_),
                static_cast<unsigned long long>(refused_));
  }

 private:
  void publish() {
    Client client({.socket_path = daemon_.socket().c_str(), .connect_timeout_ms = 30'000});
    const auto begin = Clock::now();
    for (std::uint64_t number = 0; !stop_; ++number) {
      client.try_publish(event("kafkaid", message_)) ? ++refused_ : ++accepted_;
      std::this_thread::sleep_until(begin +
                                    std::chrono::nanoseconds(number * 1'000'000'000 / kEventsPerSecond));
    }
  }

  std::int64_t reading(const char* name) const {
    const boost::json::value status = boost::json::parse(tests::RawClient(daemon_.socket()).status());
    return status.at("instances").at(0).at(name).to_number<std::int64_t>();
  }

  double delivered_per_second(Clock::duration window) const {
    const auto begin = Clock::now();
    const std::int64_t delivered = reading("delivered");
    std::this_thread::sleep_for(window);
    return static_cast<double>(reading("delivered") - delivered) / seconds_since(begin);
  }

  void restart() {
    const std::int64_t on_disk = reading("waiting_on_disk");
    daemon_.kill();
    const auto begin = Clock::now();
    daemon_.start();
    std::printf("a start over %lld events on disk: %.0f ms\n", static_cast<long long>(on_disk),
                seconds_since(begin) * 1e3);
  }

  void recover(double before) {
    const auto begin = Clock::now();
    double now = 0;
    while (now < 0.8 * before) now = delivered_per_second(std::chrono::milliseconds(500));
    std::printf("%.0f events/s before; %.1f s after the brokers were back: %.0f events/s", before,
                seconds_since(begin), now);
    while (reading("waiting_on_disk") != 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    std::printf("; nothing on disk after %.1f s\n", seconds_since(begin));
  }

  std::string message_ = "\"" + std::string(kMessageBytes - 2, 'x') + "\"";
  tests::MockCluster kafka_{{"orders"}, 4};
  tests::Keeper keeper_;
  tests::Daemon daemon_{instance("kafkaid", kafka_, "buffer_size = \"32MiB\"\n"), "", keeper_.environment()};
  std::atomic<bool> stop_{false};
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace
}  // namespace ringpost::bench

int main(int argument_count, char** arguments) {
  try {
    ringpost::bench::Refusals().measure();
    ringpost::bench::Outage().measure(argument_count > 1 ? std::stoi(arguments[1]) : 20);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_outage: %s\n", error.what());
    return 1;
  }
}
