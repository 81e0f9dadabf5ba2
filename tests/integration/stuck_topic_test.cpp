// Promise 5 within an instance: a topic whose only broker is away takes its share of the buffer and no more.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/integration/flood.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

// Several times what the buffer could hold.
constexpr std::uint64_t kFlowing = 400'000;

std::set<std::string> messages_in(const std::string& brokers, const std::string& topic) {
  std::set<std::string> messages;
  for (const Record& record : read_with_kcat(brokers, topic)) messages.insert(record.message);
  return messages;
}

TEST(StuckTopic, TakesItsShareOfTheBufferAndTheOthersFlow) {
  MockCluster kafka({"flowing@1", "stuck@2"}, 4, 2);
  Daemon daemon(R"(
[instance.kafkaid]
brokers = [")" + kafka.brokers().substr(0, kafka.brokers().find(',')) +
                R"("]
topics = ["flowing", "stuck"]
buffer_size = "32MiB"
spool = "0"
lane_size = "1MiB"
max_event_size = "64KiB"
)");
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());

  kafka.stop_broker(2);
  Flood stuck = flood_until_full(publisher, daemon, "stuck");
  ASSERT_GT(stuck.accepted.size(), 0U);
  const std::uint64_t before = daemon.status("kafkaid").delivered;

  Event event{"kafkaid", "flowing", "", "key", {}};
  for (std::uint64_t number = 0; number < kFlowing; ++number) {
    event.message = "{\"n\":" + std::to_string(number) + ",\"text\":\"" + std::string(200, 'x') + "\"}";
    // A flood may find its lanes full for a moment; a topic that is refused for good ends the test.
    ASSERT_TRUE(publisher.publish(event) == 0 || wait_until([&] { return publisher.publish(event) == 0; }))
        << ringpost_last_error_message();
  }
  ASSERT_TRUE(wait_until([&] { return daemon.status("kafkaid").delivered == before + kFlowing; }))
      << daemon.status("kafkaid").delivered << " of " << before + kFlowing;

  // Its own calls alone are refused, and say why.
  event.topic = "stuck";
  EXPECT_STREQ(ringpost_error_name(publisher.publish(event)), "BUFFER_FULL");
  EXPECT_NE(std::string(ringpost_last_error_message()).find("share of the buffer"), std::string::npos)
      << ringpost_last_error_message();
  ++stuck.refused;
  event.topic = "flowing";
  EXPECT_EQ(publisher.publish(event), 0) << ringpost_last_error_message();

  kafka.start_broker(2);
  daemon.wait_until_delivered("kafkaid", stuck.accepted.size() + kFlowing + 1);
  EXPECT_GE(daemon.status("kafkaid").refused.at("BUFFER_FULL"), stuck.refused);
  EXPECT_EQ(daemon.status("kafkaid").dead_letters, 0U);
  EXPECT_EQ(messages_in(kafka.brokers(), "stuck"), stuck.accepted);
  event.topic = "stuck";
  EXPECT_EQ(publisher.publish_patiently(event), 0) << "full for ever";
}

// With a spool the stuck topic's events go to disk, several times what the buffer holds: its calls are not refused either.
TEST(StuckTopic, GoesToDiskAndTheOthersFlow) {
  constexpr std::uint64_t kStuck = 120'000;
  MockCluster kafka({"flowing@1", "stuck@2"}, 16, 2);
  Daemon daemon(R"(
[instance.kafkaid]
brokers = [")" + kafka.brokers().substr(0, kafka.brokers().find(',')) +
                    R"("]
topics = ["flowing", "stuck"]
buffer_size = "8MiB"
lane_size = "256KiB"
max_event_size = "16KiB"
)",
                "sync_interval = \"20ms\"\n");
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  const std::string padding(300, 'x');
  const auto publish = [&](const char* topic, std::uint64_t number) {
    const std::string message = "{\"n\":" + std::to_string(number) + ",\"text\":\"" + padding + "\"}";
    return publisher.publish_patiently({"kafkaid", topic, message, std::to_string(number % 16), {}});
  };
  kafka.stop_broker(2);
  for (std::uint64_t number = 0; number < kStuck; ++number) {
    ASSERT_EQ(publish("stuck", number), 0) << ringpost_last_error_message() << daemon.log();
    if (number % 4 != 0) continue;
    ASSERT_EQ(publish("flowing", number), 0) << ringpost_last_error_message();
  }
  EXPECT_TRUE(wait_until([&] { return daemon.status("kafkaid").delivered == kStuck / 4; }))
      << daemon.status("kafkaid").delivered;
  EXPECT_GT(daemon.status("kafkaid").waiting_on_disk, kStuck / 2);
  kafka.start_broker(2);
  daemon.wait_until_delivered("kafkaid", kStuck + kStuck / 4);
  EXPECT_EQ(daemon.status("kafkaid").dead_letters, 0U);
}

}  // namespace
}  // namespace ringpost::tests
