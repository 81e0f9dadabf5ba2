#include "tests/integration/flood.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace ringpost::tests {
namespace {

constexpr std::size_t kRefusalsInARow = 500;
constexpr int kRoundsWithoutRoom = 3;

// Publishes numbered events until so many of them in a row were refused.
void flood_until_refused(Publisher& publisher, const std::string& topic, Flood& flood) {
  using Clock = std::chrono::steady_clock;
  const std::string filling(200, 'x');
  for (std::size_t refused_in_a_row = 0; refused_in_a_row < kRefusalsInARow;) {
    const std::string number = std::to_string(flood.attempted++);
    const Event event{"kafkaid", topic, R"({"n":)" + number + R"(,"text":")" + filling + R"("})", number, {}};
    const Clock::time_point start = Clock::now();
    const int code = publisher.publish(event);
    const std::int64_t took_ns = std::chrono::nanoseconds(Clock::now() - start).count();
    if (code == 0) {
      refused_in_a_row = 0;
      flood.accepted.insert(event.message);
      flood.accepted_ns.push_back(took_ns);
    } else {
      EXPECT_STREQ(ringpost_error_name(code), "BUFFER_FULL") << ringpost_last_error_message();
      ++refused_in_a_row;
      ++flood.refused;
      flood.refused_ns.push_back(took_ns);
    }
  }
}

}  // namespace

// A flood fills the lanes faster than the daemon empties them. The buffer behind them is full, too, when rounds of the
// daemon (each status is answered between two of them) make no room any more.
Flood flood_until_full(Publisher& publisher, const Daemon& daemon, const std::string& topic) {
  Flood flood;
  for (int without_room = 0; without_room < kRoundsWithoutRoom;) {
    const std::size_t before = flood.accepted.size();
    flood_until_refused(publisher, topic, flood);
    without_room = flood.accepted.size() == before ? without_room + 1 : 0;
    daemon.status("kafkaid");
  }
  return flood;
}

}  // namespace ringpost::tests
