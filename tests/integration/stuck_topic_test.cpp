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

}  // namespace
}  // namespace ringpost::tests
