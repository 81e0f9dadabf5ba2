#include "bench/contest.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "bench/message.hpp"

namespace ringpost::bench {
namespace {

constexpr const char* kInstance = "kafkaid";
constexpr std::uint64_t kPollEvery = 64;  // messages, as users of librdkafka poll
constexpr useconds_t kFullPauseUs = 200;  // after BUFFER_FULL
constexpr useconds_t kLookPauseUs = 500;  // between two looks at the board
constexpr useconds_t kPacePauseUs = 1'000;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

std::vector<std::string> make_keys() {
  std::vector<std::string> keys;
  for (std::size_t key = 0; key < kContestKeys; ++key)
    keys.push_back("customer-" + std::to_string(1'000 + key));
  return keys;
}

std::string instance(const ContestSettings& settings) {
  return "[instance." + std::string(kInstance) + "]\nbrokers = [\"" + settings.brokers + "\"]\ntopics = [\"" +
         settings.topic + "\"]\nlinger = \"" + std::to_string(settings.linger.count()) +
         "ms\"\nevent_id = " + (settings.bare ? "false" : "true") + "\n[instance." + kInstance +
         ".librdkafka]\n\"compression.codec\" = \"" + settings.codec + "\"\n";
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

}  // namespace

Contest::Contest(ContestSettings settings)
    : settings_(std::move(settings)),
      daemon_(instance(settings_)),
      rival_({settings_.brokers, settings_.topic, settings_.codec, settings_.linger}),
      keys_(make_keys()) {
  daemon_.wait_until_connected(kInstance);
  const Options options{daemon_.socket().c_str(), "bench", 0};
  if (client_.open(options)) throw std::runtime_error(last_error_message());
}

Cost Contest::librdkafka() {
  const Round round(daemon_.process().pid(), settings_.broker);
  const std::uint64_t all = rival_.delivered() + settings_.messages;
  for (std::uint64_t at = 0; at < settings_.messages; ++at) {
    while (!rival_.produce(kMessage, key(at))) rival_.poll(1);
    if (at % kPollEvery == 0) rival_.poll(0);
  }
  while (rival_.delivered() < all) rival_.poll(10);
  return round.finish(settings_.messages);
}

Cost Contest::ringpost() {
  const Round round(daemon_.process().pid(), settings_.broker);
  for (std::uint64_t at = 0; at < settings_.messages; ++at) publish(at);
  wait_until_delivered();
  return round.finish(settings_.messages);
}

Cost Contest::ringpost_paced(std::uint32_t per_second) {
  const Round round(daemon_.process().pid(), settings_.broker);
  const std::int64_t begin_ns = ipc::monotonic_ns();
  for (std::uint64_t at = 0; at < settings_.messages;) {
    const auto due = static_cast<std::uint64_t>((ipc::monotonic_ns() - begin_ns) * per_second / kNsPerSecond);
    for (; at < std::min(due, settings_.messages); ++at) publish(at);
    ::usleep(kPacePauseUs);
  }
  wait_until_delivered();
  return round.finish(settings_.messages);
}

// A look at the board costs no call to the daemon, but the board is a round old: an event that has just left its lane is not
// waiting there yet. So the daemon has the last word.
void Contest::wait_until_delivered() {
  do {
    Info info = client_.info(kInstance);
    while (info.waiting_events != 0 || info.room_bytes < room_bytes_) {
      ::usleep(kLookPauseUs);
      info = client_.info(kInstance);
    }
  } while (daemon_.status(kInstance).delivered != published_);
}

void Contest::warm_up() {
  const std::uint64_t messages =
      std::exchange(settings_.messages, std::max<std::uint64_t>(settings_.messages / 10, 100));
  librdkafka();
  for (std::uint64_t at = 0; at < settings_.messages; ++at) publish(at);
  daemon_.wait_until_delivered(kInstance, published_);
  room_bytes_ = client_.info(kInstance).room_bytes;
  settings_.messages = messages;
}

void Contest::publish(std::uint64_t at) {
  static const std::array headers{header("header1", "header1-value"), header("header2", "header2-value")};
  ringpost_event event{};
  event.instance = kInstance;
  event.topic = settings_.topic.c_str();
  event.message = kMessage.data();
  event.message_size = kMessage.size();
  if (!settings_.bare) {
    event.key = key(at).data();
    event.key_size = key(at).size();
    event.headers = headers.data();
    event.header_count = headers.size();
  }
  for (;;) {
    const int code = ringpost_publish(client_.handle(), &event);
    if (code == RINGPOST_OK) break;
    if (code != RINGPOST_BUFFER_FULL) throw std::runtime_error(last_error_message());
    ::usleep(kFullPauseUs);
  }
  ++published_;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

namespace {

double median_of(const std::vector<Cost>& costs, double Cost::*figure) {
  std::vector<double> values;
  values.reserve(costs.size());
  for (const Cost& cost : costs) values.push_back(cost.*figure);
  return median(values);
}

}  // namespace

void print_head() {
  std::printf(
      "| | messages/s | CPU caller | CPU ringpostd | both | CPU broker |\n|---|---:|---:|---:|---:|---:|\n");
}

void print_row(const char* name, const std::vector<Cost>& costs) {
  const double client_us = median_of(costs, &Cost::client_us);
  const double daemon_us = median_of(costs, &Cost::daemon_us);
  std::printf("| %s | %.0f | %.2f | %.2f | %.2f | %.2f |\n", name, median_of(costs, &Cost::per_second),
              client_us, daemon_us, client_us + daemon_us, median_of(costs, &Cost::broker_us));
}

void print_ratio(const char* our_name, const char* their_name, const std::vector<Cost>& theirs,
                 const std::vector<Cost>& ours) {
  std::vector<double> ratios;
  ratios.reserve(ours.size());
  for (std::size_t round = 0; round < ours.size(); ++round) {
    ratios.push_back(ours[round].per_second / theirs[round].per_second);
  }
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  std::printf("\n- messages/s of %s / of %s: **%.2f** (median of %zu rounds, %.2f to %.2f)\n", our_name,
              their_name, median(ratios), ratios.size(), *least, *most);
}

}  // namespace ringpost::bench
