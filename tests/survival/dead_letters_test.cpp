// What Kafka does not get in time: each such event is a dead letter on disk, once, with the reason; and that stays so whoever
// dies meanwhile.
#include <gmock/gmock.h>

#include <map>
#include <sstream>
#include <thread>

#include <boost/json.hpp>

#include "tests/survival/on_disk.hpp"

namespace ringpost::tests {
namespace {

using testing::Each;
using testing::Pair;

// Several times what the buffer holds.
constexpr std::uint64_t kMoreThanTheBuffer = 30'000;
constexpr std::uint64_t kSome = 2'000;

class DeadLettersOnDisk : public OnDisk {
 protected:
  explicit DeadLettersOnDisk(bool with_keeper = true, const std::string& more = "")
      : OnDisk(with_keeper, more) {}

  // By `ringpost dead-letters`: the reason of each, by its id, which no two have.
  std::map<std::string, std::string> listed(const std::string& state = "waiting") const {
    const Outcome outcome = run({program("ringpost"), "dead-letters", "list", "--json", "--state", state,
                                 "--state-dir", daemon_.state_dir()});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    std::map<std::string, std::string> reasons;
    std::istringstream lines(outcome.output);
    for (std::string line; std::getline(lines, line);) {
      const boost::json::value letter = boost::json::parse(line);
      EXPECT_EQ(letter.at("instance").as_string(), "kafkaid");
      const std::string id(letter.at("id").as_string());
      EXPECT_TRUE(reasons.emplace(id, std::string(letter.at("reason").as_string())).second)
          << id << " is there twice";
    }
    return reasons;
  }

  static std::uint64_t count(const std::map<std::string, std::string>& letters, const std::string& reason) {
    std::uint64_t found = 0;
    for (const auto& [id, of] : letters) found += of == reason ? 1 : 0;
    return found;
  }

  void wait_until_dead(std::uint64_t events) {
    EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").dead_letters >= events; }))
        << daemon_.status("kafkaid").dead_letters << daemon_.log();
    const InstanceStatus status = daemon_.status("kafkaid");
    EXPECT_EQ(status.dead_letters, events);
    EXPECT_EQ(status.waiting, 0U);
  }

  // No port, no answer: what is published waits in front of librdkafka, but for one record that has it try to connect.
  void take_broker_away() {
    kafka_.stop_broker(1);
    EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").state != "connected"; }));
  }

  void expect_timed_out(std::uint64_t events) {
    const auto letters = listed();
    EXPECT_EQ(letters.size(), events);
    const std::uint64_t unknown = count(letters, "outcome_unknown");
    EXPECT_LE(unknown, kPartitions);
    EXPECT_EQ(count(letters, "timed_out"), events - unknown);
  }

  void start_with(const std::string& more, const std::string& topics = R"("orders", "others")") {
    daemon_.configure(instance(more, topics), daemon_keys());
    daemon_.start();
  }

  static constexpr std::uint64_t kPartitions = 16;
};

class SoonGivenUp : public DeadLettersOnDisk {
 protected:
  explicit SoonGivenUp(bool with_keeper = true) : DeadLettersOnDisk(with_keeper, "send_timeout = \"2s\"\n") {}

  // Few enough that all of them are handed over: on their way, and nobody answers.
  std::map<std::string, std::string> die_inside_librdkafka() {
    publish(kFew);
    daemon_.wait_until_delivered("kafkaid", kFew);
    kafka_.pause();
    publish(kFew);
    wait_until_dead(kFew);
    return listed();
  }

  static constexpr std::uint64_t kFew = 64;
};

TEST_F(SoonGivenUp, InAnOutageEachOnceAndForGood) {
  take_broker_away();
  publish(kSome);
  wait_until_dead(kSome);
  expect_timed_out(kSome);
  const auto letters = listed();
  EXPECT_EQ(count(letters, "outcome_unknown"), 1U);
  daemon_.kill();
  daemon_.start();
  wait_until_dead(kSome);
  EXPECT_EQ(listed(), letters);
  EXPECT_EQ(daemon_.stop(), 0);
  EXPECT_EQ(listed(), letters);  // no daemon has to run
  daemon_.start();
  kafka_.start_broker(1);
  daemon_.wait_until_connected("kafkaid");
  wait_until_dead(kSome);
  EXPECT_EQ(listed(), letters);
  EXPECT_EQ(follower_->arrived(), 0U);
}

TEST_F(SoonGivenUp, MoreThanTheBufferHolds) {
  take_broker_away();
  publish(kMoreThanTheBuffer);
  wait_until_dead(kMoreThanTheBuffer);
  expect_timed_out(kMoreThanTheBuffer);
  expect_no_spool_files();
}

// Handed over, on their way, and nobody answers: they count as dead. Then the answer comes.
TEST_F(SoonGivenUp, InsideLibrdkafkaUntilTheyArriveAfterAll) {
  const auto letters = die_inside_librdkafka();
  EXPECT_EQ(letters.size(), kFew);
  EXPECT_THAT(letters, Each(Pair(testing::_, "outcome_unknown")));
  kafka_.resume();
  daemon_.wait_until_delivered("kafkaid", 2 * kFew);
  EXPECT_EQ(daemon_.status("kafkaid").dead_letters, 0U);
  EXPECT_TRUE(listed().empty());
  EXPECT_EQ(listed("voided"), letters);
  expect_all_arrived(2 * kFew);
}

TEST_F(SoonGivenUp, InsideLibrdkafkaWhenTheDaemonDies) {
  const auto letters = die_inside_librdkafka();
  daemon_.kill();
  daemon_.start();
  wait_until_dead(kFew);
  kafka_.resume();  // what was on the wire comes, and nobody is left to know
  daemon_.wait_until_connected("kafkaid");
  EXPECT_EQ(listed(), letters);
  EXPECT_EQ(daemon_.status("kafkaid").delivered, kFew);
}

class SoonGivenUpWithoutKeeper : public SoonGivenUp {
 protected:
  SoonGivenUpWithoutKeeper() : SoonGivenUp(false) {}
};

TEST_F(SoonGivenUpWithoutKeeper, AKillLeavesTheLetters) {
  take_broker_away();
  publish(kSome);
  wait_until_dead(kSome);
  const auto letters = listed();
  EXPECT_EQ(letters.size(), kSome);
  daemon_.kill();
  daemon_.start();
  EXPECT_EQ(daemon_.status("kafkaid").waiting, 0U);
  EXPECT_EQ(listed(), letters);
}

using GivenUp = DeadLettersOnDisk;

// What is on disk has been published when it was published: the next daemon's send_timeout has passed for it already.
TEST_F(GivenUp, OnDiskAcrossADaemonsDeath) {
  take_broker_away();
  publish(kMoreThanTheBuffer);
  wait_until_on_disk(kMoreThanTheBuffer / 2);
  daemon_.kill();
  start_with("send_timeout = \"1s\"\n");
  wait_until_dead(kMoreThanTheBuffer);
  expect_timed_out(kMoreThanTheBuffer);
  const auto letters = listed();
  daemon_.kill();
  daemon_.start();
  wait_until_dead(kMoreThanTheBuffer);
  EXPECT_EQ(listed(), letters);
  expect_no_spool_files();
}

// Again and again while it writes the letters of what is on disk.
TEST_F(GivenUp, ADaemonDiesWhileItBuries) {
  take_broker_away();
  publish(kMoreThanTheBuffer);
  wait_until_on_disk(kMoreThanTheBuffer / 2);
  EXPECT_EQ(daemon_.stop(), 0);
  daemon_.configure(instance("send_timeout = \"1s\"\n"), daemon_keys());
  const std::uint32_t deaths = std::max(amount(8), 2U);
  for (std::uint32_t death = 0; death < deaths; ++death) {
    daemon_.launch();
    std::this_thread::sleep_for(std::chrono::milliseconds(20 * (death + 1)));  // the instant is the attack
    daemon_.kill();
  }
  daemon_.start();
  wait_until_dead(kMoreThanTheBuffer);
  EXPECT_EQ(listed().size(), kMoreThanTheBuffer);
  expect_no_spool_files();
}

TEST_F(GivenUp, ATopicsOwnTime) {
  EXPECT_EQ(daemon_.stop(), 0);
  start_with("[instance.kafkaid.topic.others]\nsend_timeout = \"1s\"\n");
  daemon_.wait_until_connected("kafkaid");
  take_broker_away();
  publish(kSome);
  publish(kSome, "others");
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").dead_letters == kSome; }));
  EXPECT_EQ(daemon_.status("kafkaid").waiting, kSome);
  EXPECT_EQ(listed().size(), kSome);
  kafka_.start_broker(1);
  expect_all_arrived(kSome);
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting == 0; }));
  const InstanceStatus status = daemon_.status("kafkaid");
  // The one that was handed over has arrived after all.
  EXPECT_GE(status.delivered, kSome);
  EXPECT_LE(status.delivered, kSome + 1);
  EXPECT_EQ(listed().size(), status.dead_letters);
  expect_timed_out(status.dead_letters);
}

TEST_F(GivenUp, WithTheirTopicTakenAway) {
  take_broker_away();
  publish(kMoreThanTheBuffer);
  wait_until_on_disk(kMoreThanTheBuffer / 2);
  EXPECT_EQ(daemon_.stop(), 0);
  start_with("", R"("others")");
  wait_until_dead(kMoreThanTheBuffer);
  const auto letters = listed();
  EXPECT_EQ(letters.size(), kMoreThanTheBuffer);
  EXPECT_THAT(letters, Each(Pair(testing::_, "topic_removed")));
  daemon_.kill();
  daemon_.start();
  wait_until_dead(kMoreThanTheBuffer);
  EXPECT_EQ(listed(), letters);
}

}  // namespace
}  // namespace ringpost::tests
