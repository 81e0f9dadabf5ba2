// A Kafka that stops answering: the buffer fills, publish() says so at once, and nothing accepted is lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "tests/support/daemon.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

constexpr std::size_t kRefusalsInARow = 500;
constexpr int kRoundsWithoutRoom = 3;

struct Flood {
  std::set<std::string> accepted;  // messages
  std::uint64_t attempted = 0;
  std::uint64_t refused = 0;
  std::vector<std::int64_t> accepted_ns;
  std::vector<std::int64_t> refused_ns;
};

// Publishes numbered events until so many of them in a row were refused.
void flood_until_refused(Publisher& publisher, Flood& flood) {
  using Clock = std::chrono::steady_clock;
  const std::string filling(200, 'x');
  for (std::size_t refused_in_a_row = 0; refused_in_a_row < kRefusalsInARow;) {
    const std::string number = std::to_string(flood.attempted++);
    const Event event{
        "kafkaid", "orders", R"({"n":)" + number + R"(,"text":")" + filling + R"("})", number, {}};
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

// A flood fills the lanes faster than the daemon empties them. The buffer behind them is full, too, when rounds of the
// daemon (each status is answered between two of them) make no room any more.
Flood flood_until_full(Publisher& publisher, const Daemon& daemon) {
  Flood flood;
  for (int without_room = 0; without_room < kRoundsWithoutRoom;) {
    const std::size_t before = flood.accepted.size();
    flood_until_refused(publisher, flood);
    without_room = flood.accepted.size() == before ? without_room + 1 : 0;
    daemon.status("kafkaid");
  }
  return flood;
}

std::int64_t median(std::vector<std::int64_t> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

TEST(Full, APausedBrokerFillsTheBufferAndEverythingAcceptedArrivesAfterwards) {
  MockCluster kafka({"orders"});
  Daemon daemon(R"(
[instance.kafkaid]
brokers = [")" + kafka.brokers() +
                R"("]
topics = ["orders"]
buffer_size = "1MiB"
lane_size = "64KiB"
lanes_per_client_max = 2
)");
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());

  kafka.pause();
  const Flood flood = flood_until_full(publisher, daemon);
  const InstanceStatus full = daemon.status("kafkaid");
  kafka.resume();

  EXPECT_GT(flood.accepted.size(), 2'000U) << "that is the lanes alone, without the buffer behind them";
  EXPECT_EQ(flood.attempted, flood.accepted.size() + flood.refused);
  EXPECT_EQ(full.accepted, flood.accepted.size());
  EXPECT_EQ(full.accepted, full.delivered + full.waiting + full.dead_letters);
  EXPECT_GT(full.waiting, 0U);
  // A refusal that waits for anything takes a thousand times as long.
  EXPECT_LT(median(flood.refused_ns), 10 * median(flood.accepted_ns));
  std::printf("publish accepted in %lld ns, refused in %lld ns (medians of %zu and %zu)\n",
              static_cast<long long>(median(flood.accepted_ns)),
              static_cast<long long>(median(flood.refused_ns)), flood.accepted_ns.size(),
              flood.refused_ns.size());

  daemon.wait_until_delivered("kafkaid", flood.accepted.size());
  const InstanceStatus after = daemon.status("kafkaid");
  EXPECT_EQ(after.accepted, flood.accepted.size());
  EXPECT_EQ(after.delivered, flood.accepted.size());
  EXPECT_EQ(after.waiting, 0U);
  EXPECT_EQ(after.dead_letters, 0U);
  EXPECT_EQ(after.refused.at("BUFFER_FULL"), flood.refused);

  // At least once: what was in flight when the broker stopped may come twice, and then carries its id twice.
  std::set<std::string> arrived;
  std::set<std::string> ids;
  for (const Record& record : read_with_kcat(kafka.brokers(), "orders")) {
    const bool new_id = ids.insert(record.header("ringpost-id").value()).second;
    EXPECT_EQ(arrived.insert(record.message).second, new_id) << record.message;
  }
  EXPECT_EQ(arrived, flood.accepted);
  EXPECT_EQ(publisher.publish({"kafkaid", "orders", "{}", std::nullopt, {}}), 0) << "full for ever";
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
