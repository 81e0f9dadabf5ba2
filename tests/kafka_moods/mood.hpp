// One mood of three brokers that the tests share: traffic through ringpostd, and beside it the rival's, to topics with the same
// leaders; then what both topics hold.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "tests/kafka_moods/admin.hpp"
#include "tests/kafka_moods/events.hpp"
#include "tests/kafka_moods/rival.hpp"
#include "tests/kafka_moods/three_brokers.hpp"
#include "tests/kafka_moods/traffic.hpp"
#include "tests/kafka_moods/verdict.hpp"
#include "tests/support/daemon.hpp"
#include "tests/survival/keeper.hpp"

namespace ringpost::tests {

// Waits with pauses that leave the processor to the brokers; throws "... has not come".
void await(const std::string& what, const std::function<bool()>& condition);

// Topics and clients of a mood.
struct MoodPlan {
  Replicas replicas = on_three_brokers(6);
  std::map<std::string, std::string> settings = {};
  std::string brokers = {};     // where the clients begin; empty: with all three
  std::string properties = {};  // of librdkafka's, as in the configuration
  bool keeper = false;          // so that the daemon may die
  bool loses_oldest = false;    // the topic does, by an administrator's will
};

class Mood : public testing::Test {
 protected:
  Mood();
  ~Mood() override;
  void TearDown() override;
  static ThreeBrokers& kafka();

  void begin(const MoodPlan& plan = {});
  void create_topics();
  // Everything published so far is delivered.
  void wait_until_caught_up();
  // Each replica of both topics is in sync again.
  void wait_until_in_sync();
  // The topic's partitions are led, and held, by others.
  void wait_until_without(int broker);
  int leader(std::size_t partition);
  void mood_lasts() const;      // where it could for any time
  void rest(bool rests) const;  // no events meanwhile
  void flows_on();              // another second's events

  // Stops the traffic, waits for its end, and judges.
  void finish();

  std::string topic() const { return topic_; }
  std::string rivals_topic() const { return topic_ + ".rival"; }

  MoodPlan plan_;
  std::string name_;
  std::string topic_;
  std::unique_ptr<Admin> admin_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<Traffic> traffic_;
  std::unique_ptr<Rival> rival_;
  Reading ours_;                  // after finish()
  std::uint64_t producers_ = 0;   // the same: how many there were
  std::uint64_t never_came_ = 0;  // the same: more than 0 where the topic has lost its oldest records only

 private:
  // Both sides' producers are at work: what is published from now on feels the mood, and not a start. By the wall clock.
  std::int64_t began_us_ = 0;

  void wait_for_rival(std::uint64_t published) const;
  void expect_nothing_lost(const InstanceStatus& status);
  void report();
};

}  // namespace ringpost::tests
