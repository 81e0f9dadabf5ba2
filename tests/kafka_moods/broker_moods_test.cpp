// Brokers that are killed, stand still, are stopped, started again, and lose their disks.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/attack/amount.hpp"
#include "tests/kafka_moods/mood.hpp"

namespace ringpost::tests {
namespace {

TEST_F(Mood, LeaderKilled) {
  begin();
  const int broker = leader(0);
  kafka().tell("kill", broker);
  wait_until_without(broker);
  wait_until_caught_up();
  kafka().start({broker});
  wait_until_in_sync();
  finish();
}

TEST_F(Mood, LeaderStandsStill) {
  begin();
  const int broker = leader(0);
  kafka().tell("pause", broker);
  std::this_thread::sleep_for(standstill());
  kafka().tell("resume", broker);
  wait_until_in_sync();
  wait_until_caught_up();
  finish();
}

class FollowedMood : public Mood {
 protected:
  // Broker 1 leads all partitions, and half of them have no other replica in sync, for broker 3 is away.
  void begin_without_the_third() {
    begin({.replicas = {{1, 2}, {1, 3}, {1, 2}, {1, 3}}, .settings = {{"min.insync.replicas", "1"}}});
    kafka().tell("kill", 3);
    wait_until_without(3);
  }
  // An acks=all of the first half is not answered now, and nothing else on that connection: for as long as it lasts, for without a
  // majority the controllers take nobody off the in-sync replicas.
  void the_follower_stands_still() {
    await("a follower in sync", [this] { return admin_->look_at(topic()).at(0).in_sync.size() == 2; });
    wait_until_caught_up();
    const std::int64_t from_us = wall_clock_us();
    kafka().tell("pause", 2);
    const std::uint64_t before = daemon_->status("kafkaid").delivered;
    await("the other half",
          [&] { return daemon_->status("kafkaid").delivered > before + events_a_second(); });
    EXPECT_THAT(run({program("ringpost"), "status", "--socket", daemon_->socket()}).output,
                testing::HasSubstr("partitions that it follows wait, too: " + topic() + " ["));
    times_us_.emplace_back(from_us, wall_clock_us());
    kafka().tell("resume", 2);
  }
  // Of the other half, published meanwhile.
  std::int64_t longest_wait_ms() const {
    std::int64_t longest_us = 0;
    for (const Arrival& each : ours_.first) {
      const bool meanwhile = std::any_of(times_us_.begin(), times_us_.end(), [&each](const auto& time) {
        return each.published_us >= time.first && each.published_us < time.second;
      });
      if (meanwhile && each.partition % 2 == 1)
        longest_us = std::max(longest_us, each.appended_ms * 1000 - each.published_us);
    }
    return longest_us / 1000;
  }

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> times_us_;  // when it stood still, by the wall clock
};

TEST_F(FollowedMood, AFollowerStandsStill) {
  begin_without_the_third();
  for (std::uint64_t time = 0; time < std::min(amount(2), 5U); ++time) the_follower_stands_still();
  kafka().start({3});
  wait_until_in_sync();
  wait_until_caught_up();
  finish();
  EXPECT_EQ(producers_, 1U);
  std::cout << "the longest wait of a partition without it: " << longest_wait_ms() << " ms\n";
}

TEST_F(Mood, AllStoppedAndStartedInTurn) {
  begin();
  for (const int broker : {1, 2, 3}) {
    kafka().tell("stop", broker);
    kafka().start({broker});
    wait_until_in_sync();
  }
  wait_until_caught_up();
  finish();
}

// One by one, so that the last one knows that the others have left: it says NOT_ENOUGH_REPLICAS then.
TEST_F(Mood, TwoOfThreeGone) {
  begin();
  kafka().tell("stop", 2);
  wait_until_without(2);
  kafka().tell("stop", 3);
  await("NOT_ENOUGH_REPLICAS", [&] {
    const Outcome probe = run({"kcat", "-P", "-b", kafka().addresses(), "-t", rivals_topic(), "-p", "0", "-X",
                               "acks=all", "-X", "retries=0", "-X", "message.timeout.ms=3000"},
                              {.standard_input = "probe\n", .hold_standard_input = false, .environment = {}});
    return probe.errors.find("Not enough in-sync replicas") != std::string::npos;
  });
  EXPECT_GT(daemon_->status("kafkaid").waiting, 0U);
  mood_lasts();
  kafka().start({2, 3});
  wait_until_caught_up();
  wait_until_in_sync();
  finish();
}

TEST_F(Mood, ActiveControllerKilled) {
  begin();
  const int broker = kafka().active_controller();
  ASSERT_GT(broker, 0);
  kafka().tell("kill", broker);
  wait_until_without(broker);
  EXPECT_NE(kafka().active_controller(), broker);
  wait_until_caught_up();
  kafka().start({broker});
  wait_until_in_sync();
  finish();
}

TEST_F(Mood, AllDownAndUpAgain) {
  begin();
  for (const int broker : {1, 2, 3}) kafka().tell("kill", broker);
  mood_lasts();
  EXPECT_GT(daemon_->status("kafkaid").waiting, 0U);
  kafka().start({1, 2, 3});
  wait_until_caught_up();
  wait_until_in_sync();
  finish();
}

// An administrator does not start a broker with an empty disk before the others have noticed that it was away.
TEST_F(Mood, ADiskWiped) {
  begin();
  const int broker = leader(0);
  kafka().tell("wipe", broker);
  wait_until_without(broker);
  kafka().start({broker});
  wait_until_in_sync();
  wait_until_caught_up();
  finish();
}

}  // namespace
}  // namespace ringpost::tests
