// Brokers that are killed, stand still, are stopped, started again, and lose their disks.
#include <string>
#include <thread>

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
