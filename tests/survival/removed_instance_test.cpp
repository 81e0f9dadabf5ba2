// An instance is taken out of the configuration while its events wait, wherever they do: each becomes a dead letter, and where
// it can't, it stays where it is. Put back, the instance gets its events by a replay.
#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/kcat.hpp"
#include "tests/survival/on_disk.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kEach = 200;

class RemovedInstance : public OnDisk {
 protected:
  explicit RemovedInstance(bool with_keeper = true) : OnDisk(with_keeper) { follower_.reset(); }

  std::string second() const {
    return "[instance.second]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [\"others\"]\n";
  }
  void start_with(const std::string& instances, const std::string& more = "") {
    daemon_.configure(instances, daemon_keys() + more);
    daemon_.start();
  }

  // In an outage, so that all of it waits.
  void publish_in_outage(std::uint64_t count) {
    ASSERT_NO_FATAL_FAILURE(publish(1));
    daemon_.wait_until_delivered("kafkaid", 1);
    kafka_.stop_broker(1);
    ASSERT_NO_FATAL_FAILURE(publish(count));
    ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").accepted == published_; }));
  }

  // What the publisher's calls get once it knows. How many were accepted until then.
  std::uint64_t expect_unknown() {
    std::uint64_t accepted = 0;
    EXPECT_TRUE(wait_until([&] {
      const int code = publisher_->publish({"kafkaid", "orders", message_of(published_), "0", {}});
      if (code == 0) ++accepted;
      return code == RINGPOST_UNKNOWN_INSTANCE;
    })) << ringpost_last_error_message();
    return accepted;
  }

  Outcome dead_letters(const std::string& what, std::vector<std::string> words = {}) const {
    std::vector<std::string> command{program("ringpost"),   "dead-letters", what,     "--config",
                                     daemon_.config_file(), "--instance",   "kafkaid"};
    command.insert(command.end(), words.begin(), words.end());
    return run(command);
  }
  std::uint64_t listed() const {
    std::uint64_t count = 0;
    std::istringstream lines(dead_letters("list", {"--json", "--reason", "instance_removed"}).output);
    for (std::string line; std::getline(lines, line);) ++count;
    return count;
  }

  void expect_dead_letters(std::uint64_t count) {
    EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting == 0; })) << daemon_.log();
    const InstanceStatus status = daemon_.status("kafkaid");
    EXPECT_EQ(status.state, "removed");
    EXPECT_EQ(status.dead_letters, count) << daemon_.log();
    EXPECT_EQ(listed(), count) << dead_letters("list").errors;
    EXPECT_EQ(daemon_.audit(), "");
  }

  bool is_listed() const {
    return run({program("ringpost"), "status", "--json", "--config", daemon_.config_file()})
               .output.find("kafkaid") != std::string::npos;
  }

  // The instance is put back, its brokers are there, and its letters are sent.
  void expect_replayed(std::uint64_t count) {
    EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
    kafka_.start_broker(1);
    start_with(instance() + second());
    const Outcome replayed = dead_letters("replay");
    EXPECT_EQ(replayed.status, 0) << replayed.output << replayed.errors << daemon_.log();
    EXPECT_TRUE(wait_until([&] { return listed() == 0; })) << daemon_.log();
    EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting == 0; })) << daemon_.log();
    std::set<std::string> arrived;
    for (const Record& record : read_with_kcat(kafka_.brokers(), "orders"))
      arrived.insert(record.header("ringpost-id").value_or(""));
    EXPECT_EQ(arrived.size(), count);
  }
};

class RemovedInstanceWithoutKeeper : public RemovedInstance {
 protected:
  RemovedInstanceWithoutKeeper() : RemovedInstance(false) {}
};

TEST_F(RemovedInstance, WhatWaitsInMemoryBecomesDeadLetters) {
  ASSERT_NO_FATAL_FAILURE(publish_in_outage(kEach));
  daemon_.kill();
  ASSERT_NO_FATAL_FAILURE(publish(kEach));  // into its lane
  start_with(second());
  const std::uint64_t late = expect_unknown();
  expect_dead_letters(2 * kEach + late);
  EXPECT_EQ(dead_letters("replay").status, 1);
  expect_replayed(2 * kEach + late + 1);
}

TEST_F(RemovedInstance, WhatWaitsOnDiskBecomesDeadLetters) {
  ASSERT_NO_FATAL_FAILURE(publish_in_outage(30'000));
  wait_until_on_disk(1'000);
  publisher_.reset();  // so that nothing but its books is left in memory
  ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").clients == 0; }));
  EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
  start_with(second());
  expect_dead_letters(30'000);
  EXPECT_EQ(daemon_.status("kafkaid").delivered, 1U);  // the emptied arena's books go on with what is on disk
  expect_no_spool_files();
  expect_replayed(30'001);
}

TEST_F(RemovedInstanceWithoutKeeper, WhatAStopPutOnDiskBecomesDeadLetters) {
  ASSERT_NO_FATAL_FAILURE(publish_in_outage(kEach));
  EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
  start_with(second());
  expect_dead_letters(kEach);
  expect_no_spool_files();
  expect_replayed(kEach + 1);
}

TEST_F(RemovedInstance, KilledMeanwhileNothingIsLost) {
  ASSERT_NO_FATAL_FAILURE(publish_in_outage(30'000));
  daemon_.kill();
  for (int round = 0; round < 5; ++round) {
    start_with(second());
    daemon_.kill();
  }
  start_with(second());
  expect_dead_letters(30'000);
  expect_replayed(30'001);
}

TEST_F(RemovedInstance, WithoutAPlaceForDeadLettersItWaitsWithTheKeeper) {
  ASSERT_NO_FATAL_FAILURE(publish_in_outage(kEach));
  daemon_.kill();
  ASSERT_NO_FATAL_FAILURE(publish(kEach));
  const std::string taken = daemon_.state_dir() + "-taken";
  std::ofstream(taken) << "not a directory";
  start_with(second(), "state_dir = \"" + taken + "\"\n");
  EXPECT_THAT(daemon_.log(), HasSubstr("it stays with the keeper"));
  EXPECT_FALSE(is_listed());
  const std::uint64_t late = expect_unknown();
  daemon_.stop();
  kafka_.start_broker(1);
  start_with(instance());
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting == 0; })) << daemon_.log();
  EXPECT_EQ(daemon_.status("kafkaid").delivered, 2 * kEach + late + 1);
  EXPECT_EQ(daemon_.status("kafkaid").dead_letters, 0U);
}

TEST_F(RemovedInstance, WhereNothingWaitsItIsForgotten) {
  ASSERT_NO_FATAL_FAILURE(publish(1));
  daemon_.wait_until_delivered("kafkaid", 1);
  publisher_.reset();
  ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").clients == 0; }));
  EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
  start_with(second());
  EXPECT_FALSE(is_listed());
  EXPECT_THAT(daemon_.log(), Not(HasSubstr("not in the configuration")));
  EXPECT_TRUE(wait_until([&] {
    const std::vector<std::string> held = descriptors_of(keeper_.process().pid());
    return std::count_if(held.begin(), held.end(), [](const std::string& name) {
             return name.find("ringpost-arena") != std::string::npos;
           }) == 1;  // the second instance's
  })) << list_of(descriptors_of(keeper_.process().pid()));
}

}  // namespace
}  // namespace ringpost::tests
