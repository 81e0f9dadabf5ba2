// Outages longer than the buffer, stops, kills and changed configurations while events are on disk: each arrives, each key's in
// order, and the counts add up in every reading.
#include <gmock/gmock.h>

#include <random>
#include <thread>

#include "tests/survival/on_disk.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

// Several times what the buffer holds.
constexpr std::uint64_t kMany = 30'000;

using Spooled = OnDisk;

TEST_F(Spooled, AnOutageLongerThanTheBufferIsNotFelt) {
  publish(1'000);
  daemon_.wait_until_delivered("kafkaid", 1'000);
  kafka_.pause();
  publish(kMany);
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").accepted == 1'000 + kMany; }));
  wait_until_on_disk(kMany / 2);
  kafka_.resume();
  publish(1'000);  // behind all that is on disk
  daemon_.wait_until_delivered("kafkaid", 2'000 + kMany);
  expect_all_arrived(2'000 + kMany);
  expect_no_spool_files();
  EXPECT_EQ(daemon_.status("kafkaid").dead_letters, 0U);
}

TEST_F(Spooled, TheDaemonIsKilledAgainAndAgainMeanwhile) {
  const std::uint32_t outages = amount(3);
  for (std::uint32_t outage = 0; outage < outages; ++outage) {
    kafka_.pause();
    publish(kMany / 2);
    daemon_.kill();
    daemon_.start();
    publish(kMany / 2);
    wait_until_on_disk(1);
    daemon_.kill();
    daemon_.start();
    kafka_.resume();
    // In the middle of what comes back.
    std::this_thread::sleep_for(std::chrono::milliseconds(50 * outage));  // the instant is the attack
    daemon_.kill();
    daemon_.start();
    expect_all_arrived(published_);
    ASSERT_EQ(follower_->problem(), "") << daemon_.log();
  }
  daemon_.wait_until_delivered("kafkaid", published_);
  expect_no_spool_files();
}

// Brokers and daemon go and come as they like, under traffic.
TEST_F(Spooled, AtAnyInstant) {
  std::mt19937_64 random(survival_seed());
  const std::uint32_t rounds = amount(12);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    if (random() % 2 == 0) kafka_.pause();
    publish(random() % kMany);
    if (random() % 2 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(random() % 1'500));
    if (random() % 3 != 0) {
      daemon_.kill();
      daemon_.start();
    }
    if (random() % 2 == 0) kafka_.resume();
    ASSERT_EQ(follower_->problem(), "") << daemon_.log();
    ASSERT_EQ(daemon_.status("kafkaid").dead_letters, 0U);
    // The cluster keeps the last 5 MB of a partition only.
    if (published_ - follower_->arrived() > 2 * kMany) {
      kafka_.resume();
      expect_all_arrived(published_);
    }
  }
  kafka_.resume();
  daemon_.wait_until_delivered("kafkaid", published_);
  expect_all_arrived(published_);
  expect_no_spool_files();
  std::cout << published_ << " events, " << follower_->duplicates() << " came again" << std::endl;
}

// A topic that is not on the list any more has no way to Kafka: what waits of it on disk becomes dead letters.
TEST_F(Spooled, ATopicIsTakenAwayMeanwhile) {
  kafka_.pause();
  publish(kMany);
  wait_until_on_disk(kMany / 2);
  EXPECT_EQ(daemon_.stop(), 0);
  daemon_.configure(instance("", R"("others")"), daemon_keys());
  daemon_.start();
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").dead_letters == kMany; }))
      << daemon_.status("kafkaid").dead_letters << daemon_.log();
  kafka_.resume();
  expect_no_spool_files();
  EXPECT_EQ(daemon_.status("kafkaid").waiting, 0U);
}

// Another arena takes the place of the emptied one, and what that has given to the disk stays in its books: also for who comes
// after a kill, and has to tell from the files alone whose the records there are.
TEST_F(Spooled, TheBufferGetsAnotherSizeMeanwhile) {
  kafka_.pause();
  publish(kMany);
  wait_until_on_disk(kMany / 2);
  EXPECT_EQ(daemon_.stop(), 0);
  std::string larger = instance();
  larger.replace(larger.find("8MiB"), 4, "16MiB");
  daemon_.configure(larger, daemon_keys());
  for (int round = 0; round < 3; ++round) {
    daemon_.start();
    const InstanceStatus status = daemon_.status("kafkaid");
    EXPECT_EQ(status.accepted, published_);
    EXPECT_EQ(status.waiting, published_);
    EXPECT_EQ(status.dead_letters, 0U);
    EXPECT_EQ(audit(), "");
    daemon_.kill();
  }
  daemon_.start();
  kafka_.resume();
  publish(100);
  daemon_.wait_until_delivered("kafkaid", published_);
  expect_all_arrived(published_);
  EXPECT_EQ(daemon_.status("kafkaid").accepted, published_);
}

// Without `spool` nothing goes to disk, and the buffer is the buffer.
TEST_F(Spooled, SwitchedOffItRefusesWhatTheBufferDoesNotHold) {
  kafka_.pause();
  publish(kMany);
  wait_until_on_disk(kMany / 2);
  EXPECT_EQ(daemon_.stop(), 0);
  daemon_.configure(instance("spool = \"0\"\n"), daemon_keys());
  daemon_.start();
  int code = 0;
  for (std::uint64_t number = 0; number < kMany && code == 0; ++number) {
    const std::string key = std::to_string(published_ % kKeys);
    code = publisher_->publish({"kafkaid", "orders", message_of(published_), key, {}});
    published_ += code == 0 ? 1 : 0;
  }
  EXPECT_EQ(code, RINGPOST_BUFFER_FULL) << ringpost_last_error_message();
  kafka_.resume();  // what is on disk is delivered all the same
  daemon_.wait_until_delivered("kafkaid", published_);
  expect_all_arrived(published_);
}

class WithoutKeeper : public OnDisk {
 protected:
  WithoutKeeper() : OnDisk(false) {}

  // Lanes of a dead daemon's are lost, and with them the client's handle finds a new daemon.
  void start_anew() {
    publisher_.reset();
    daemon_.start();
    publisher_ = std::make_unique<Publisher>(daemon_.socket());
  }
};

TEST_F(WithoutKeeper, AStopPutsOnDiskWhatTheBrokersDoNotTake) {
  publish(100);
  daemon_.wait_until_delivered("kafkaid", 100);
  kafka_.pause();
  publish(kMany);
  EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
  EXPECT_THAT(daemon_.log(), HasSubstr("accepted events wait on disk for the next ringpostd"));
  kafka_.resume();
  start_anew();
  daemon_.wait_until_connected("kafkaid");
  publish(100);
  expect_all_arrived(kMany + 200);
  // The counts begin with what was on disk.
  const InstanceStatus status = daemon_.status("kafkaid");
  EXPECT_EQ(status.waiting, 0U);
  EXPECT_GE(status.delivered, kMany + 100);
  expect_no_spool_files();
}

TEST_F(WithoutKeeper, AKillLeavesWhatWasOnDisk) {
  kafka_.pause();
  publish(kMany);
  wait_until_on_disk(kMany / 2);
  const std::uint64_t on_disk = daemon_.status("kafkaid").waiting_on_disk;
  gaps_ = true;  // what the buffer alone had is lost with the daemon
  daemon_.kill();
  kafka_.resume();
  start_anew();
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting == 0; }));
  EXPECT_GE(daemon_.status("kafkaid").delivered, on_disk);
  EXPECT_TRUE(wait_until([&] { return follower_->arrived() >= on_disk; })) << follower_->arrived();
  EXPECT_EQ(follower_->problem(), "");
  expect_no_spool_files();
}

}  // namespace
}  // namespace ringpost::tests
