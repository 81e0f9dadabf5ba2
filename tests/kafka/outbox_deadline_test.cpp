// Deadlines of what was handed over, and of what lies on disk.
#include "kafka/dispositions.hpp"
#include "outbox_fixture.hpp"

namespace ringpost::kafka {
namespace {

constexpr const char* kNoBroker = "127.0.0.1:1";

class DeadlineTest : public OutboxTest {
 protected:
  static std::int64_t in_ms(std::int64_t ms) { return monotonic_now_ns() + ms * 1'000'000; }

  void start_warm() {
    start_cluster({{.name = "orders", .partition_count = 1}});
    start_outbox({"orders"});
    add("orders", "k", "warm");
    ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  }
};

TEST_F(DeadlineTest, OverdueAndThenAcknowledged) {
  start_warm();
  cluster->set_broker_up(1, false);
  ASSERT_TRUE(turn_until([this] { return !outbox->connection().connected; }));
  add("orders", "k", "1", {}, in_ms(300));
  ASSERT_TRUE(turn_until([this] { return owner.overdue_count == 1; }));
  EXPECT_EQ(outbox->counts().in_flight, 1U);
  cluster->set_broker_up(1, true);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_TRUE(owner.records[1].offset);
  EXPECT_EQ(owner.overdue_count, 1U) << "once";
}

TEST_F(DeadlineTest, OverdueAndThenItsProducerEnds) {
  start_warm();
  cluster->set_broker_delay(1, 1500);
  cluster->refuse_produce({kInvalidRecordCode});
  add("orders", "k", "1", {}, in_ms(300));
  add("orders", "k", "2");
  ASSERT_TRUE(turn_until([this] { return owner.overdue_count == 1; }));
  EXPECT_EQ(owner.dead_count, 0U);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.records[1].dead, DeadReason::kOutcomeUnknown);
  EXPECT_TRUE(owner.records[2].offset);
}

TEST_F(DeadlineTest, TheTimerKnowsWhatIsInside) {
  outbox = std::make_unique<Outbox>(config_for(kNoBroker, {"orders"}), owner);
  start_warm();
  cluster->set_broker_delay(1, 2000);
  const std::int64_t deadline_ns = in_ms(400);
  add("orders", "k", "1", {}, deadline_ns);
  ASSERT_TRUE(turn_until([this] { return outbox->counts().in_flight == 1; }));
  outbox->hand_over();
  EXPECT_NE(outbox->next_timer_ns(), 0);
  EXPECT_LE(outbox->next_timer_ns(), deadline_ns + 50'000'000);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.overdue_count, 1U);
}

TEST_F(DeadlineTest, WhatWasHandedOverBeforeHasAnUnknownOutcome) {
  start_cluster({{.name = "orders", .partition_count = 1}});
  cluster->set_broker_up(1, false);
  start_outbox({"orders"});
  for (int i = 0; i < 4; ++i) {
    add("orders", "k", "1", {}, in_ms(600));
  }
  for (OwnedRecord& record : owner.records) {
    record.handed = 1;  // by a predecessor
  }
  crash_and_recover({"orders"});
  add("orders", "k", "new", {}, owner.records[0].deadline_ns);
  ASSERT_TRUE(turn_until([this] { return owner.dead_count + owner.overdue_count == 5; }));
  EXPECT_EQ(owner.records[3].dead, DeadReason::kOutcomeUnknown);
  EXPECT_EQ(owner.records[4].dead, DeadReason::kTimedOut);
}

TEST_F(DeadlineTest, BlocksEndWhenTheirTimeHasCome) {
  outbox = std::make_unique<Outbox>(config_for(kNoBroker, {"orders"}), owner);
  const std::int64_t deadline_ns = in_ms(3000);
  for (int i = 0; i < 40'000; ++i) {  // more blocks than one call brings back
    add("orders", i % 3 == 0 ? std::nullopt : std::optional<std::string>("k"), std::string(200, 'x'), {},
        deadline_ns);
  }
  add("orders", "k", "for ever");
  add("orders", "k", "longer", {}, in_ms(3'600'000));
  ASSERT_TRUE(spill_everything());
  EXPECT_GT(owner.blocks.size(), 16U);
  EXPECT_LT(monotonic_now_ns(), deadline_ns);
  const auto is_early = [&] { return owner.dead_count != 0 && monotonic_now_ns() < deadline_ns; };
  bool early = false;
  ASSERT_TRUE(turn_until([&] {
    early = early || is_early();
    return owner.dead_count == 40'000;
  }));
  EXPECT_FALSE(early);
  EXPECT_EQ(owner.records[0].dead, DeadReason::kTimedOut);
  EXPECT_EQ(outbox->counts().queued, 2U);
}

TEST_F(DeadlineTest, AnUnreadableBlockEndsLater) {
  outbox = std::make_unique<Outbox>(config_for(kNoBroker, {"orders"}), owner);
  for (int i = 0; i < 100; ++i) {
    add("orders", "k", "1", {}, in_ms(1500));
  }
  ASSERT_TRUE(spill_everything());
  owner.disk_unreadable = true;
  ASSERT_TRUE(turn_until([this] { return owner.reads_refused == 2; }));
  EXPECT_EQ(owner.dead_count, 0U);
  owner.disk_unreadable = false;
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 100U);
}

}  // namespace
}  // namespace ringpost::kafka
