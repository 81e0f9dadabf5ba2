// ringpostd asleep, or just falling asleep: it wakes for every publish.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <thread>

#include "ipc/board.hpp"
#include "ipc/clock.hpp"
#include "tests/attack/tail.hpp"
#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint32_t kSleeps = 6;  // each after a second of quiet

TEST(SleepingDaemon, WakesForEveryPublish) {
  Daemon daemon("[instance.kafkaid]\nbrokers = \"embedded\"\npartitions = 1\ntopics = [\"orders\"]\n");
  daemon.wait_until_connected("kafkaid");
  RawClient watcher(daemon.socket());
  watcher.hello();
  const ipc::Received answer = watcher.open_instance(0);
  const ipc::InstanceBoardReader reader(answer.descriptors[0]);
  const std::atomic<std::uint32_t>& armed = reader.board().doorbell_armed;
  Tail tail(daemon.socket(), "orders");
  Publisher publisher(daemon.socket());

  std::mt19937 random(20261123);
  for (std::uint32_t number = 0; number < kSleeps; ++number) {
    const auto spread_ns = static_cast<std::int64_t>(random() % 20'000);
    ASSERT_TRUE(wait_until([&] { return armed != 0; })) << "it never slept";
    if (number % 2 == 1) {  // not asleep, but falling asleep: wait for the next arming, awake
      const std::uint32_t before = armed;
      ASSERT_EQ(publisher.publish({"kafkaid", "orders", "{\"n\":-2}", "key", {}}), 0);
      ASSERT_EQ(number_in(tail.next()), -2);
      while (armed == 0 || armed == before) std::this_thread::yield();
      const std::int64_t instant_ns = ipc::monotonic_ns() + spread_ns;
      while (ipc::monotonic_ns() < instant_ns) {
      }
    }
    // Nobody asks for the status, which would wake it.
    const std::string message = "{\"n\":" + std::to_string(number) + "}";
    ASSERT_EQ(publisher.publish({"kafkaid", "orders", message, "key", {}}), 0);
    ASSERT_EQ(number_in(tail.next()), number) << daemon.log();
  }
  daemon.wait_until_delivered("kafkaid", kSleeps + kSleeps / 2);
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
