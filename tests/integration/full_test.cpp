// A Kafka that stops answering: the buffer fills, publish() says so at once, and nothing accepted is lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "tests/integration/flood.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

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
spool = "0"
lane_size = "64KiB"
lanes_per_client_max = 2
)");
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());

  kafka.pause();
  const Flood flood = flood_until_full(publisher, daemon, "orders");
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
