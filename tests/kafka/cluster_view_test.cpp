// Which brokers are there, by reports half a second apart.
#include "kafka/cluster_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringpost::kafka {
namespace {

using Link = BrokerReading::Link;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t kReportNs = 500'000'000;
constexpr std::int64_t kLongUs = 500'000;

BrokerReading broker(std::int32_t id, Link link, bool waits = false, std::int64_t quiet_us = 1'000) {
  const std::string address = "kafka" + std::to_string(id) + ":9092";
  return {.id = id,
          .name = address + "/" + std::to_string(id),
          .address = address,
          .link = link,
          .waits = waits,
          .quiet_us = quiet_us};
}

BrokerReading configured(Link link) {
  return {.id = -1, .name = "kafka1:9092/bootstrap", .address = "kafka1:9092", .link = link};
}

class ClusterViewTest : public testing::Test {
 protected:
  void report(const std::vector<BrokerReading>& readings) {
    now_ns += kReportNs;
    view.note_statistics(readings, now_ns);
  }
  void probed(const char* address, bool answered) { view.note_probe(address, answered, "no answer", now_ns); }
  void expect(int answering, int silent) const {
    EXPECT_EQ(view.answering(), answering);
    EXPECT_EQ(view.silent(), silent);
  }

  std::int64_t now_ns = 1;
  ClusterView view;
};

TEST_F(ClusterViewTest, AnAddressCountsUntilTheClusterIsKnown) {
  report({configured(Link::kStruggling)});
  expect(0, 0);
  report({configured(Link::kStruggling)});
  report({configured(Link::kStruggling)});
  expect(0, 1);
  report({configured(Link::kUp)});
  expect(1, 0);
  report({configured(Link::kStruggling), broker(1, Link::kUp), broker(2, Link::kIdle)});
  expect(1, 0);
}

TEST_F(ClusterViewTest, AConnectionThatDoesNotComeUpIsSilenceAfterAWhile) {
  report({broker(1, Link::kUp), broker(2, Link::kUp)});
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  expect(2, 0);
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  expect(2, 0);
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  expect(1, 1);
  EXPECT_EQ(view.describe_silent(), "kafka2:9092/2: no connection to it comes up");
  report({broker(1, Link::kUp), broker(2, Link::kUp)});
  expect(2, 0);
}

TEST_F(ClusterViewTest, ThatAllBrokersAreForgottenIsSaidAfterAWhile) {
  report({broker(1, Link::kUp)});
  for (std::int64_t passed_ns = 0; passed_ns < ClusterView::kForgottenNs; passed_ns += kReportNs) {
    report({});
    EXPECT_FALSE(view.has_forgotten_all());
  }
  report({});
  EXPECT_TRUE(view.has_forgotten_all());
  report({configured(Link::kIdle)});
  EXPECT_FALSE(view.has_forgotten_all());
  report({});
  EXPECT_FALSE(view.has_forgotten_all());
}

TEST_F(ClusterViewTest, ARefusalMakesItSooner) {
  report({broker(1, Link::kUp), broker(2, Link::kUp)});
  view.note_complaint("kafka2:9092/2: Disconnected");
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  expect(2, 0);
  report({broker(1, Link::kUp), broker(2, Link::kUp)});
  view.note_complaint("kafka2:9092/2: Connect to ipv4#10.0.0.2:9092 failed: Connection refused");
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  expect(1, 1);
  EXPECT_EQ(view.describe_silent(),
            "kafka2:9092/2: Connect to ipv4#10.0.0.2:9092 failed: Connection refused");
}

TEST_F(ClusterViewTest, BetweenTwoTriesARefusalHolds) {
  view.note_complaint("kafka1:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused");
  report({configured(Link::kIdle)});
  expect(0, 1);
  EXPECT_THAT(view.suspects(), IsEmpty()) << "the producer itself tries again";
  report({configured(Link::kUp)});
  expect(1, 0);
}

TEST_F(ClusterViewTest, AProbeThatIsAnsweredGivesTheProducerTimeToConnect) {
  report({broker(1, Link::kUp)});
  report({broker(1, Link::kStruggling)});
  report({broker(1, Link::kStruggling)});
  report({broker(1, Link::kStruggling)});
  expect(0, 1);
  EXPECT_THAT(view.suspects(), ElementsAre("kafka1:9092"));
  probed("kafka1:9092", true);
  for (int i = 0; i < 4; ++i) {
    report({broker(1, Link::kStruggling)});
    expect(1, 0);
  }
  report({broker(1, Link::kUp)});
  expect(1, 0);
}

TEST_F(ClusterViewTest, AnIdleConnectionIsAskedAndNotDoubted) {
  report({broker(1, Link::kUp, false, kLongUs)});
  EXPECT_THAT(view.quiet_ids(), ElementsAre(1));
  EXPECT_THAT(view.suspects(), IsEmpty());
  expect(1, 0);
}

TEST_F(ClusterViewTest, ABrokerThatLeadsPartitionsOfOursIsAskedOnceBeforeItHasAConnection) {
  BrokerReading leader = broker(2, Link::kIdle);
  leader.leads = true;
  report({broker(1, Link::kUp), leader, broker(3, Link::kIdle)});
  EXPECT_THAT(view.quiet_ids(), ElementsAre(2));
  report({broker(1, Link::kUp), leader, broker(3, Link::kIdle)});
  EXPECT_THAT(view.quiet_ids(), IsEmpty());
  expect(1, 0);
}

TEST_F(ClusterViewTest, ARequestThatWaitsIsAReasonToProbe) {
  report({broker(1, Link::kUp), broker(2, Link::kUp)});
  report({broker(1, Link::kUp), broker(2, Link::kUp, true, kLongUs)});
  EXPECT_THAT(view.suspects(), ElementsAre("kafka2:9092"));
  expect(2, 0);
  probed("kafka2:9092", false);
  expect(1, 1);
  report({broker(1, Link::kUp), broker(2, Link::kUp, true, 2 * kLongUs)});
  EXPECT_THAT(view.suspects(), ElementsAre("kafka2:9092")) << "until it answers";
  expect(1, 1);
  report({broker(1, Link::kUp), broker(2, Link::kUp)});
  EXPECT_THAT(view.suspects(), IsEmpty());
  expect(2, 0);
}

TEST_F(ClusterViewTest, WhoIsFarAwayHasMoreTime) {
  BrokerReading far = broker(1, Link::kUp, true, kLongUs);
  far.rtt_us = 250'000;
  report({far});
  EXPECT_THAT(view.suspects(), IsEmpty());
  far.rtt_us = 0;
  far.quiet_us = 800'000;
  report({far});
  EXPECT_THAT(view.suspects(), ElementsAre("kafka1:9092"));
  EXPECT_EQ(view.probe_patience_us(), 3'000'000);
}

// Its only answer was a second late: it would be given twelve.
TEST_F(ClusterViewTest, WhoStoodStillIsNotFarAway) {
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  probed("kafka2:9092", true);
  BrokerReading late = broker(2, Link::kUp);
  late.rtt_us = 1'000'000;
  report({broker(1, Link::kUp), late});
  report({broker(1, Link::kUp), broker(2, Link::kUp, true, 800'000)});
  EXPECT_THAT(view.suspects(), ElementsAre("kafka2:9092"));
  EXPECT_LE(view.probe_patience_us(), 3'000'000);
}

TEST_F(ClusterViewTest, WhoIsFartherAwayIsBelievedAtTheSecondAnswer) {
  BrokerReading far = broker(1, Link::kUp);
  far.rtt_us = 400'000;
  report({far});
  report({far});
  report({broker(1, Link::kUp, true, 1'100'000)});
  EXPECT_THAT(view.suspects(), IsEmpty());
  report({broker(1, Link::kUp, true, 1'300'000)});
  EXPECT_THAT(view.suspects(), ElementsAre("kafka1:9092"));
  EXPECT_EQ(view.probe_patience_us(), 4'800'000);
}

TEST_F(ClusterViewTest, ABrokerThatWaitsForItsFollowerIsThere) {
  report({broker(1, Link::kUp)});
  for (int i = 0; i < 20; ++i) {
    report({broker(1, Link::kUp, true, i * kLongUs)});
    for (const std::string& address : std::vector(view.suspects())) probed(address.c_str(), true);
    expect(1, 0);
    EXPECT_THAT(view.suspects(), IsEmpty());
  }
}

TEST_F(ClusterViewTest, WhoOwesAnAnswerAndAnswersAProbeIsHeldUp) {
  report({broker(1, Link::kUp), broker(2, Link::kUp, true, kLongUs)});
  EXPECT_THAT(view.held_up_ids(), IsEmpty()) << "who knows whether it is there";
  probed("kafka2:9092", true);
  EXPECT_THAT(view.held_up_ids(), ElementsAre(2));
  report({broker(1, Link::kUp), broker(2, Link::kUp, true, 2 * kLongUs)});
  EXPECT_THAT(view.held_up_ids(), ElementsAre(2)) << "until that answer comes";
  report({broker(1, Link::kUp), broker(2, Link::kUp)});
  EXPECT_THAT(view.held_up_ids(), IsEmpty());
  report({broker(1, Link::kUp), broker(2, Link::kUp, true, kLongUs)});
  probed("kafka2:9092", false);
  EXPECT_THAT(view.held_up_ids(), IsEmpty());
  EXPECT_TRUE(view.is_silent(2));
  EXPECT_FALSE(view.is_silent(1));
  EXPECT_EQ(view.answering_addresses(), "kafka1:9092");
}

TEST_F(ClusterViewTest, WhoIsWatchedIsProbedWithoutAConnection) {
  report({broker(1, Link::kUp), broker(2, Link::kIdle), broker(3, Link::kIdle)});
  EXPECT_THAT(view.suspects(), IsEmpty());
  view.watch({{1, "kafka1:9092"}, {2, "kafka2:9092"}});
  for (int i = 0; i < 3; ++i) {
    report({broker(1, Link::kUp), broker(2, Link::kIdle), broker(3, Link::kIdle)});
    EXPECT_THAT(view.suspects(), ElementsAre("kafka2:9092")) << "again and again";
    probed("kafka2:9092", true);
    EXPECT_FALSE(view.is_silent(2));
  }
  report({broker(1, Link::kUp), broker(2, Link::kIdle), broker(3, Link::kIdle)});
  probed("kafka2:9092", false);
  EXPECT_TRUE(view.is_silent(2));
  EXPECT_EQ(view.address_of(2), "kafka2:9092");
  view.watch({});
  report({broker(1, Link::kUp), broker(2, Link::kIdle), broker(3, Link::kIdle)});
  EXPECT_THAT(view.suspects(), ElementsAre("kafka2:9092")) << "until it answers";
  probed("kafka2:9092", true);
  report({broker(1, Link::kUp), broker(2, Link::kIdle), broker(3, Link::kIdle)});
  EXPECT_THAT(view.suspects(), IsEmpty());
}

TEST_F(ClusterViewTest, WhoIsWatchedNeedNotBeKnownToLibrdkafka) {
  report({broker(1, Link::kUp)});
  view.watch({{1, "kafka1:9092"}, {2, "kafka2:9092"}});
  report({broker(1, Link::kUp)});
  EXPECT_THAT(view.suspects(), ElementsAre("kafka2:9092"));
  expect(1, 0);
  probed("kafka2:9092", false);
  report({broker(1, Link::kUp)});
  EXPECT_TRUE(view.is_silent(2));
  EXPECT_EQ(view.describe_silent(), "kafka2:9092/2: no answer");
  view.watch({});
  report({broker(1, Link::kUp)});
  EXPECT_FALSE(view.is_silent(2));
  expect(1, 0);
}

TEST_F(ClusterViewTest, AnIdleConnectionThatHasEndedIsProbedOnce) {
  report({broker(1, Link::kUp)});
  report({broker(1, Link::kIdle)});
  EXPECT_THAT(view.suspects(), ElementsAre("kafka1:9092"));
  probed("kafka1:9092", true);
  report({broker(1, Link::kIdle)});
  EXPECT_THAT(view.suspects(), IsEmpty());
  expect(1, 0);
  report({broker(1, Link::kUp)});
  report({broker(1, Link::kIdle)});
  probed("kafka1:9092", false);
  expect(0, 1);
  report({broker(1, Link::kIdle)});
  probed("kafka1:9092", true);
  expect(1, 0);
}

TEST_F(ClusterViewTest, WhoIsRefusedAfterAProbesAnswerIsProbedAgain) {
  report({broker(1, Link::kUp)});
  report({broker(1, Link::kIdle)});
  probed("kafka1:9092", true);
  view.note_complaint("kafka1:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused");
  report({broker(1, Link::kIdle)});
  expect(0, 1);
  EXPECT_THAT(view.suspects(), ElementsAre("kafka1:9092"));
  probed("kafka1:9092", true);
  report({broker(1, Link::kIdle)});
  expect(1, 0);
  EXPECT_THAT(view.suspects(), IsEmpty());
}

TEST_F(ClusterViewTest, ALateSilenceOfAProbeSaysNothing) {
  report({broker(1, Link::kUp, true, kLongUs)});
  report({broker(1, Link::kUp)});
  probed("kafka1:9092", false);
  expect(1, 0);
}

TEST_F(ClusterViewTest, ANewProducerKnowsWhatTheFormerOneKnew) {
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  report({configured(Link::kUp)});
  expect(1, 1);
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  expect(1, 1);
  report({configured(Link::kStruggling)});
  report({configured(Link::kStruggling)});
  report({configured(Link::kStruggling)});
  expect(0, 1);
}

TEST_F(ClusterViewTest, WhatTheClusterDoesNotNameAnyMoreIsForgotten) {
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  report({broker(1, Link::kUp), broker(2, Link::kStruggling)});
  expect(1, 1);
  report({broker(1, Link::kUp)});
  expect(1, 0);
}

}  // namespace
}  // namespace ringpost::kafka
