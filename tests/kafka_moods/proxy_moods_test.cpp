// A network that is slow, or ends connections, or says nothing, before one of three brokers.
#include <chrono>
#include <string>
#include <thread>

#include "tests/kafka_moods/mood.hpp"
#include "tests/kafka_moods/proxy.hpp"

namespace ringpost::tests {
namespace {

class ProxiedMood : public Mood {
 protected:
  static constexpr std::uint64_t kTimes = 3;

  static MoodPlan plan(const Replicas& replicas) {
    return {.replicas = replicas,
            .settings = {},
            .brokers = "127.0.0.1:" + std::to_string(port(1)) + ",127.0.0.1:" + std::to_string(port(2)) +
                       ",127.0.0.1:" + std::to_string(port(3))};
  }

  static std::uint16_t port(std::size_t broker) { return kafka().behind_proxies().at(broker - 1).advertised; }
  static std::uint16_t listener(std::size_t broker) {
    return kafka().behind_proxies().at(broker - 1).listener;
  }

  // To broker 1, in a second.
  std::uint64_t bytes_a_second() {
    const std::uint64_t before = first_.bytes();
    const auto begin = std::chrono::steady_clock::now();
    flows_on();
    const auto passed = std::chrono::steady_clock::now() - begin;
    const auto passed_ms = std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
    return (first_.bytes() - before) * 1000 / static_cast<std::uint64_t>(passed_ms);
  }

  // Nothing more of what is published arrives.
  void wait_until_stuck() {
    await("a standstill", [&] {
      const std::uint64_t delivered = daemon_->status("kafkaid").delivered;
      std::this_thread::sleep_for(std::chrono::seconds(1));
      return daemon_->status("kafkaid").delivered == delivered;
    });
  }

  Proxy first_{port(1), listener(1)};
  Proxy second_{port(2), listener(2)};
  Proxy third_{port(3), listener(3)};
};

TEST_F(ProxiedMood, ALongLine) {
  begin(plan(on_three_brokers(6)));
  first_.delay(std::chrono::milliseconds(200));
  mood_lasts();
  first_.pass();
  wait_until_caught_up();
  finish();
}

TEST_F(ProxiedMood, HalfTheBandwidthThatIsNeeded) {
  begin(plan(on_three_brokers(6)));
  // Of two producers' connections together, each of which has its own limit then.
  first_.limit(bytes_a_second() / 4);
  mood_lasts();
  first_.pass();
  wait_until_caught_up();
  finish();
}

TEST_F(ProxiedMood, ConnectionsCutAgainAndAgain) {
  begin(plan(on_three_brokers(6)));
  const std::uint64_t connections = first_.connections();
  for (std::uint64_t times = 0; times < kTimes; ++times) {
    first_.cut();
    flows_on();
  }
  wait_until_caught_up();
  EXPECT_GE(first_.connections(), connections + kTimes);
  finish();
}

TEST_F(ProxiedMood, ConnectionsResetAgainAndAgain) {
  begin(plan(on_three_brokers(6)));
  const std::uint64_t connections = first_.connections();
  for (std::uint64_t times = 0; times < kTimes; ++times) {
    first_.reset();
    flows_on();
  }
  wait_until_caught_up();
  EXPECT_GE(first_.connections(), connections + kTimes);
  finish();
}

TEST_F(ProxiedMood, ABlackHole) {
  begin(plan(on_three_brokers(6)));
  first_.black_hole();
  mood_lasts();
  first_.pass();
  wait_until_caught_up();
  finish();
}

// A client takes off its list whom an answer does not name, and has nobody to ask then, though all brokers are there again.
// By itself librdkafka remembers those that it began with after five minutes.
TEST_F(ProxiedMood, ABrokersAnswerNamesNobody) {
  MoodPlan asks_often = plan(on_three_brokers(6));
  asks_often.properties = R"("topic.metadata.refresh.interval.ms" = "500")";
  begin(asks_often);
  for (Proxy* const each : {&first_, &second_, &third_}) each->name_nobody();
  wait_until_stuck();
  for (Proxy* const each : {&first_, &second_, &third_}) each->pass();
  wait_until_caught_up();
  flows_on();
  finish();
  EXPECT_GT(producers_, 1U);
}

// Keys that move to another partition wait until what they have in the old one is acknowledged. One broker says nothing
// meanwhile: who does not wait is seconds ahead.
TEST_F(ProxiedMood, PartitionsAdded) {
  begin(plan(on_three_brokers(3)));
  for (const std::string& name : {topic(), rivals_topic()})
    admin_->grow(name, 3, {{2, 3, 1}, {3, 1, 2}, {2, 1, 3}, {3, 2, 1}});
  first_.black_hole();
  await("the new partitions in the daemon's view", [&] {
    const Outcome status = run({program("ringpost"), "status", "--json", "--socket", daemon_->socket()});
    return status.output.find(R"("partitions":7)") != std::string::npos;
  });
  mood_lasts();
  EXPECT_GT(daemon_->status("kafkaid").waiting, events_a_second());
  first_.pass();
  wait_until_caught_up();
  flows_on();
  finish();
  std::uint64_t in_new_ones = 0;
  std::uint64_t moved = 0;
  for (std::uint64_t number = kKeys; number < ours_.first.size(); ++number) {
    in_new_ones += ours_.first[number].partition >= 3 ? 1 : 0;
    moved += ours_.first[number].partition != ours_.first[number - kKeys].partition ? 1 : 0;
  }
  EXPECT_GT(in_new_ones, 0U);
  EXPECT_GT(moved, kKeys / 2);
}

}  // namespace
}  // namespace ringpost::tests
