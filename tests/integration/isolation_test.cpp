// Promise 5: one instance's trouble never delays another's events.
#include <gtest/gtest.h>

#include <string>

#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint64_t kEvents = 20'000;

Event numbered(const std::string& instance, std::uint64_t number) {
  return {instance,
          "orders",
          "{\"n\":" + std::to_string(number) + "}",
          "key-" + std::to_string(number % 100),
          {}};
}

// What may be compared is counts: all of one instance's events are there while the others have delivered
// nothing.
TEST(Isolation, ADeadClusterAndADeadAddressDelayNobodyElse) {
  MockCluster dying({"orders"});
  Daemon daemon(R"(
[instance.healthy]
brokers = "embedded"
topics = ["orders"]

[instance.never]
brokers = ["127.0.0.1:1"]
topics = ["orders"]

[instance.dying]
brokers = [")" + dying.brokers() +
                R"("]
topics = ["orders"]
)");
  daemon.wait_until_connected("healthy");
  daemon.wait_until_connected("dying");
  Publisher publisher(daemon.socket());
  dying.kill();

  for (std::uint64_t number = 0; number < kEvents; ++number) {
    ASSERT_EQ(publisher.publish_patiently(numbered("dying", number)), 0) << ringpost_last_error_message();
    ASSERT_EQ(publisher.publish_patiently(numbered("healthy", number)), 0) << ringpost_last_error_message();
  }
  EXPECT_STREQ(ringpost_error_name(publisher.publish(numbered("never", 0))), "NOT_CONNECTED");

  daemon.wait_until_delivered("healthy", kEvents);
  const InstanceStatus dead = daemon.status("dying");
  EXPECT_EQ(dead.accepted, kEvents);
  EXPECT_EQ(dead.delivered, 0U);
  EXPECT_EQ(dead.waiting, kEvents);
  EXPECT_EQ(daemon.status("never").accepted, 0U);
}

}  // namespace
}  // namespace ringpost::tests
