// Processes that stand still in the middle of their work, and a clock that jumps.
#include <signal.h>

#include "tests/attack/account.hpp"
#include "tests/support/publisher.hpp"
#include "tests/survival/survival.hpp"
#include "tests/survival/traffic.hpp"

namespace ringpost::tests {
namespace {

bool is_stopped(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.compare(name_end, 3, ") T") == 0;
}

class Stopped : public Survival {
 protected:
  TemporaryDirectory directory_;
};

// It stands between reserve and commit, in a lane that a dead daemon gave it and with a look at that one's boards.
TEST_F(Stopped, AClientInsideAPublishWhileTheDaemonDies) {
  constexpr std::uint32_t kEvents = 20;
  const std::uint32_t rounds = std::max(amount(3), 1U);
  std::uint64_t all = 0;
  Tail tail(daemon_.socket(), "orders");
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const std::string accounts = directory_.file(std::to_string(round));
    Process client({program("accountable_publisher"), daemon_.socket(), accounts, "orders",
                    std::to_string(round), "1", std::to_string(kEvents), "10", "stop-inside"});
    ASSERT_TRUE(wait_until([&] { return is_stopped(client.pid()); })) << client.errors();
    Publisher other(daemon_.socket());
    for (int deaths = 0; deaths < 2; ++deaths) {
      daemon_.kill();
      daemon_.start();
      ASSERT_EQ(other.publish_patiently({"kafkaid", "orders", "{}", "other", {}}), 0);
      ++all;
    }
    daemon_.wait_until_connected("kafkaid");
    // It holds nothing up: all but the event under way has arrived.
    daemon_.wait_until_delivered("kafkaid", all + kEvents - 1);
    // Long enough without traffic for a daemon that would sleep; and no status, which wakes it, is read before the event is
    // there. (The client's other threads go on with it and take the new board, which wakes it, too.)
    std::this_thread::sleep_for(std::chrono::milliseconds(1'500));
    client.signal(SIGCONT);
    EXPECT_EQ(client.wait(), 0) << client.errors();
    all += kEvents;
    for (const std::string last =
             "{\"n\":" + std::to_string(kEvents - 1) + ",\"by\":\"" + std::to_string(round) + "/";
         ;) {
      const std::string message = tail.next();
      ASSERT_NE(message, "") << "the event under way has not arrived";
      if (message.starts_with(last)) break;
    }
    daemon_.wait_until_delivered("kafkaid", all);
  }
  expect_all_delivered_and_forgotten(all);
}

TEST_F(Stopped, TheDaemonForSomeSeconds) {
  Traffic traffic(daemon_.socket());
  const std::uint32_t rounds = std::max(amount(2), 1U);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    traffic.wait_for(Traffic::kAhead);
    daemon_.process().signal(SIGSTOP);
    traffic.wait_until_held_up();
    std::this_thread::sleep_for(std::chrono::seconds(2));  // several pings' time
    daemon_.process().signal(SIGCONT);
    traffic.wait_for(Traffic::kAhead);
    daemon_.process().signal(SIGSTOP);
    daemon_.kill();
    daemon_.start();
  }
  traffic.wait_for(Traffic::kAhead);
  expect_all_delivered_and_forgotten(traffic.finish());
}

#ifdef RINGPOST_CLOCK_JUMP
TEST_F(Stopped, ADayForwardsAndBackwardsOnTheDaemonsClock) {
  constexpr std::int64_t kDayS = 86'400;
  const SharedFile<std::atomic<std::int64_t>> offset_s(directory_.file("clock"));
  daemon_.stop();
  daemon_.environment()["LD_PRELOAD"] = RINGPOST_CLOCK_JUMP;
  daemon_.environment()["RINGPOST_TEST_CLOCK"] = directory_.file("clock");
  daemon_.start();
  Traffic traffic(daemon_.socket());
  for (const std::int64_t days : {1, 0, -1, 1, -1, 0}) {
    traffic.wait_for(Traffic::kAhead);
    *offset_s = days * kDayS;
    traffic.wait_for(Traffic::kAhead);
    daemon_.kill();
    daemon_.start();
  }
  traffic.wait_for(2 * Traffic::kAhead);
  expect_all_delivered_and_forgotten(traffic.finish());
}
#endif

}  // namespace
}  // namespace ringpost::tests
