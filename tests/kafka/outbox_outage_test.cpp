// Brokers that are away, deadlines, and the end of an Outbox in the middle of it all.
#include "outbox_fixture.hpp"

namespace ringpost::kafka {
namespace {

constexpr const char* kNobody = "127.0.0.1:1";

TEST_F(OutboxTest, WithNoBrokerNothingIsLostAndNothingBlocks) {
  outbox = std::make_unique<Outbox>(config_for(kNobody, {"orders"}), owner);
  for (int i = 0; i < 1000; ++i) {
    add("orders", "k", std::to_string(i));
  }
  const std::int64_t start_ns = monotonic_now_ns();
  for (int i = 0; i < 1000; ++i) {
    outbox->poll();
    outbox->hand_over();
  }
  EXPECT_LT(monotonic_now_ns() - start_ns, 5'000'000'000)
      << "a call that waits would take 1,000 times as long";
  ASSERT_TRUE(turn_until([this] { return !outbox->connection().last_error.empty(); }));
  EXPECT_FALSE(outbox->connection().ever_connected);
  EXPECT_FALSE(outbox->connection().connected);
  EXPECT_EQ(outbox->counts().queued, 1000U);
}

TEST_F(OutboxTest, ADeadlineEndsWhatWasNotHandedOver) {
  outbox = std::make_unique<Outbox>(config_for(kNobody, {"orders"}), owner);
  const std::int64_t deadline_ns = monotonic_now_ns() + 700'000'000;
  add("orders", "k", "1", {}, deadline_ns);
  add("orders", std::nullopt, "2", {}, deadline_ns);
  add("orders", "k", "3");
  while (owner.dead_count == 0 && monotonic_now_ns() < deadline_ns + 30'000'000'000) {
    const bool early = monotonic_now_ns() < deadline_ns;
    turn();
    EXPECT_FALSE(early && owner.dead_count != 0 && monotonic_now_ns() < deadline_ns) << "before its time";
  }
  ASSERT_TRUE(turn_until([this] { return owner.dead_count == 2; }));
  EXPECT_EQ(owner.records[0].dead, DeadReason::kTimedOut);
  EXPECT_EQ(owner.records[1].dead, DeadReason::kTimedOut);
  EXPECT_EQ(owner.records[0].handed, 0);
  EXPECT_EQ(outbox->counts().queued, 1U);
}

TEST_F(OutboxTest, TheTimerSaysWhenADeadlineComes) {
  outbox = std::make_unique<Outbox>(config_for(kNobody, {"orders"}), owner);
  turn();
  const std::int64_t deadline_ns = monotonic_now_ns() + 20'000'000;
  add("orders", "k", "1", {}, deadline_ns);
  outbox->hand_over();
  EXPECT_NE(outbox->next_timer_ns(), 0);
  EXPECT_LE(outbox->next_timer_ns(), deadline_ns);
}

TEST_F(OutboxTest, ABrokerThatGoesAndComesBackGetsEverything) {
  start_cluster({{.name = "orders", .partition_count = 3}});
  start_outbox({"orders"});
  add("orders", "k", "0");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_TRUE(outbox->connection().connected);
  EXPECT_TRUE(outbox->connection().ever_connected);

  cluster->set_broker_up(1, false);
  for (int i = 1; i < 2000; ++i) {
    add("orders", "key" + std::to_string(i % 7), std::to_string(i));
  }
  ASSERT_TRUE(turn_until([this] { return !outbox->connection().connected; }));
  EXPECT_TRUE(outbox->connection().ever_connected);
  EXPECT_GT(outbox->connection().disconnected_since_ns, 0);
  EXPECT_FALSE(all_ended());

  cluster->set_broker_up(1, true);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.delivered_count, 2000U);
  EXPECT_EQ(outbox->counts().producers_created, 1U) << "an outage is no reason for a new producer";
  EXPECT_TRUE(outbox->connection().connected);
  std::map<std::string, int> latest;
  for (const Read& record : read_topic("orders")) {
    const int number = std::stoi(record.message);
    EXPECT_GE(number, latest[*record.key]) << *record.key;
    latest[*record.key] = number;
  }
}

TEST_F(OutboxTest, ConnectionIsNoticedWithoutTraffic) {
  start_cluster({{.name = "orders", .partition_count = 1}});
  start_outbox({"orders"});
  ASSERT_TRUE(turn_until([this] { return outbox->connection().connected; }));
  cluster->set_broker_up(1, false);
  ASSERT_TRUE(turn_until([this] { return !outbox->connection().connected; }));
  cluster->set_broker_up(1, true);
  ASSERT_TRUE(turn_until([this] { return outbox->connection().connected; }));
}

TEST_F(OutboxTest, OneBrokerAwayDoesNotStopTheOthersPartitions) {
  start_cluster({{.name = "orders", .partition_count = 4}}, 2);
  start_outbox({"orders"});
  for (int i = 0; i < 100; ++i) {
    add("orders", "key" + std::to_string(i), "0");
  }
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  cluster->set_broker_up(2, false);
  const std::uint64_t before = owner.delivered_count;
  for (int i = 0; i < 20'000; ++i) {
    add("orders", "key" + std::to_string(i % 100), "\"" + std::string(200, 'x') + "\"");
  }
  ASSERT_TRUE(turn_until([&] { return owner.delivered_count - before > 5'000; }));
  cluster->set_broker_up(2, true);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 0U);
}

TEST_F(OutboxTest, AStaleNoSuchTopicIsNotBelieved) {
  constexpr int kUnknownTopicCode = 3;
  start_cluster({{.name = "orders", .partition_count = 3}});
  start_outbox({"orders"});
  add("orders", "k", "0");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  // A broker that has forgotten the topic for a while, and a leader change that makes the producer ask it.
  cluster->set_topic_error("orders", kUnknownTopicCode);
  cluster->refuse_produce({kUnknownTopicCode, kUnknownTopicCode});
  for (int i = 1; i < 500; ++i) {
    add("orders", "key" + std::to_string(i % 7), std::to_string(i));
  }
  const std::int64_t until_ns = monotonic_now_ns() + 2'000'000'000;
  ASSERT_TRUE(turn_until([&] { return monotonic_now_ns() > until_ns; }));
  EXPECT_EQ(owner.dead_count, 0U);
  EXPECT_EQ(owner.facts["orders"].state, TopicFacts::State::kExists);
  cluster->set_topic_error("orders", 0);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 0U);
}

TEST_F(OutboxTest, ATopicThatIsGoneEndsWhatWaitsForIt) {
  constexpr int kUnknownTopicCode = 3;
  start_cluster({{.name = "orders", .partition_count = 3}, {.name = "other", .partition_count = 1}});
  start_outbox({"orders"});
  ASSERT_TRUE(turn_until([this] { return owner.facts.contains("orders"); }));
  cluster->set_topic_error("orders", kUnknownTopicCode);
  cluster->refuse_produce(std::vector<int>(2000, kUnknownTopicCode));  // until it is known to be gone
  add("orders", "k", "1");
  add("orders", std::nullopt, "2");
  ASSERT_TRUE(turn_until([this] { return outbox->counts().in_flight == 2; }));
  // The refresh of known topics is half a minute away; a topic that was there is missing after 15 s more.
  ASSERT_TRUE(turn_until([this] { return all_ended(); }, 100s));
  EXPECT_EQ(owner.facts["orders"].state, TopicFacts::State::kMissing);
  EXPECT_EQ(owner.records[0].dead, DeadReason::kUnknownTopic);
  EXPECT_EQ(owner.records[1].dead, DeadReason::kUnknownTopic);
}

TEST_F(OutboxTest, EndsWithRecordsInFlight) {
  start_cluster({{.name = "orders", .partition_count = 3}});
  cluster->set_broker_delay(1, 500);
  start_outbox({"orders"});
  for (int i = 0; i < 5000; ++i) {
    add("orders", "key" + std::to_string(i % 7), std::to_string(i));
  }
  ASSERT_TRUE(turn_until([this] { return outbox->counts().in_flight > 100; }));
  const std::uint64_t ended = owner.delivered_count + owner.dead_count;
  outbox.reset();
  EXPECT_EQ(owner.delivered_count + owner.dead_count, ended) << "no report after the end";
}

// Its connection ends when the broker has it and before the answer comes: the same producer sends it again, and the broker knows it.
TEST_F(OutboxTest, WhatOneProducerSendsAgainComesOnce) {
  start_cluster({{.name = "orders", .partition_count = 1}});
  start_outbox({"orders"});
  add("orders", "k", "known");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  ASSERT_EQ(cluster->produce_requests(), 0U);
  cluster->delay_produce_at(1, 60'000);
  add("orders", "k", "sent again");
  ASSERT_TRUE(turn_until([this] { return cluster->produce_requests() == 1; }));
  cluster->set_broker_up(1, false);
  cluster->set_broker_up(1, true);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(cluster->produce_requests(), 2U);
  EXPECT_EQ(outbox->counts().producers_created, 1U);
  EXPECT_EQ(owner.records[1].offset, 1);
  EXPECT_EQ(read_topic("orders").size(), 2U);
}

}  // namespace
}  // namespace ringpost::kafka
