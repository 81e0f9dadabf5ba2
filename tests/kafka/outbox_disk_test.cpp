// Runs that are put on disk during an outage, and blocks that come back.
#include "outbox_fixture.hpp"

namespace ringpost::kafka {
namespace {

class DiskTest : public OutboxTest {
 protected:
  void add_orders(int count, std::size_t size_bytes = 10, const std::string& topic = "orders") {
    for (int i = 0; i < count; ++i) {
      add(topic, "key" + std::to_string(i % 11), std::string(size_bytes, 'x'));
      if (i % 5 == 0) {
        add(topic, std::nullopt, "null key");
      }
    }
  }
  std::size_t on_disk() const {
    std::size_t records = 0;
    for (const auto& [block, sequences] : owner.blocks) {
      records += sequences.size();
    }
    return records;
  }
};

TEST_F(DiskTest, AnOutageIsSatOutOnDisk) {
  start_cluster({{.name = "orders", .partition_count = 3}});
  start_outbox({"orders"});
  add("orders", "k", "0");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(outbox->spill(), 0U) << "nothing waits";
  cluster->set_broker_up(1, false);
  ASSERT_TRUE(turn_until([this] { return !outbox->connection().connected; }));
  add_orders(5000);
  outbox->hand_over();
  EXPECT_EQ(outbox->spill(), 0U) << "not stuck yet";
  ASSERT_TRUE(spill_everything());
  EXPECT_GE(on_disk() + 1, 6000U) << "all but the one that makes librdkafka connect";
  add_orders(500);
  ASSERT_TRUE(spill_everything()) << "behind a block at once";
  owner.disk_full = true;
  add_orders(50);
  EXPECT_EQ(outbox->spill(), 0U);
  owner.disk_full = false;
  cluster->set_broker_up(1, true);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 0U);
  EXPECT_TRUE(owner.blocks.empty());
  expect_order_and_no_loss("orders");
}

TEST_F(DiskTest, AStuckPartitionIsPutOnDiskAndTheOthersFlow) {
  start_cluster({{.name = "orders", .partition_count = 4}}, 2);
  start_outbox({"orders"});
  add_orders(100);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  cluster->set_broker_up(2, false);
  add_orders(20'000, 300);
  ASSERT_TRUE(spill_everything());
  ASSERT_TRUE(turn_until([&] {
    outbox->spill();
    return owner.delivered_count + on_disk() + outbox->counts().in_flight == owner.records.size();
  }));
  std::set<std::int32_t> stuck;
  for (const auto& [block, partition] : owner.partition_of) {
    stuck.insert(partition);
  }
  EXPECT_LE(stuck.size(), 2U);
  EXPECT_FALSE(stuck.contains(-1));
  cluster->set_broker_up(2, true);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 0U);
}

TEST_F(DiskTest, ASuccessorPlacesMixedBlocksByANewCount) {
  start_cluster({{.name = "orders", .partition_count = 4}});
  cluster->set_broker_up(1, false);
  start_outbox({"orders"});
  add_orders(1000);
  ASSERT_TRUE(spill_everything()) << "without a partition yet";
  EXPECT_EQ(owner.partition_of.begin()->second, -1);
  add_orders(300);
  start_cluster({{.name = "orders", .partition_count = 3}});
  crash_and_recover({"orders"});
  add_orders(300);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  cluster->set_broker_up(1, false);
  ASSERT_TRUE(turn_until([this] { return !outbox->connection().connected; }));
  add_orders(2000);
  ASSERT_TRUE(spill_everything());
  add_orders(100);
  start_cluster({{.name = "orders", .partition_count = 2}});
  crash_and_recover({"orders"});
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 0U);
  EXPECT_TRUE(owner.blocks.empty());
}

// Without a broker nobody knows their partitions: what stands among a predecessor's blocks goes alone, but it goes.
TEST_F(DiskTest, ASuccessorInAnOutagePutsOnDiskWhatStandsAmongBlocks) {
  start_cluster({{.name = "orders", .partition_count = 4}});
  start_outbox({"orders"});
  add("orders", "k", "0");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  cluster->set_broker_up(1, false);
  ASSERT_TRUE(turn_until([this] { return !outbox->connection().connected; }));
  add_orders(3000);
  ASSERT_TRUE(turn_until([this] { return outbox->spill() != 0; })) << "one run of one partition";
  crash_and_recover({"orders"});
  const std::size_t before = on_disk();
  ASSERT_LT(before, 2000U);
  EXPECT_TRUE(turn_until([this] {
    while (outbox->spill() != 0) {
    }
    return on_disk() == outbox->counts().queued;  // nothing is in memory only
  }));
  add_orders(500);
  outbox->hand_over();
  crash_and_recover({"orders"});
  cluster->set_broker_up(1, true);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 0U);
  expect_order_and_no_loss("orders");
}

TEST_F(DiskTest, OneStuckPartitionDoesNotStopTheOthersAfterARestart) {
  start_cluster({{.name = "orders", .partition_count = 2}}, 2);
  cluster->set_broker_up(1, false);
  cluster->set_broker_up(2, false);
  start_outbox({"orders"});
  add_orders(6000, 4000);  // 24 MB
  ASSERT_TRUE(spill_everything());
  cluster->set_broker_up(1, true);
  crash_and_recover({"orders"});
  // Half of the keys have a partition whose broker is away; what has a null key goes to the other one.
  ASSERT_TRUE(turn_until([this] { return owner.delivered_count > 1500; }));
  ASSERT_TRUE(turn_until([this] {
    std::size_t stuck = 0;
    for (const auto& [block, sequences] : owner.blocks) {
      stuck += owner.partition_of[block] < 0 ? sequences.size() : 0;
    }
    return stuck == 0;
  })) << "nothing without a partition is left";
  cluster->set_broker_up(2, true);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 0U);
}

TEST_F(DiskTest, AMissingTopicEndsItsBlocksToo) {
  start_cluster({{.name = "other", .partition_count = 1}});
  start_outbox({"orders"});
  constexpr int kUnknownTopicCode = 3;
  cluster->set_topic_error("orders", kUnknownTopicCode);
  add_orders(60'000);
  owner.records[7].damaged = true;
  owner.disk_unreadable = true;
  ASSERT_TRUE(spill_everything());
  EXPECT_GT(owner.blocks.size(), 16U);
  add_orders(10);
  ASSERT_TRUE(turn_until([this] { return owner.reads_refused > 1; }));
  EXPECT_EQ(owner.dead_count, 0U);
  owner.disk_unreadable = false;
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.delivered_count, 0U);
  EXPECT_EQ(owner.records[8].dead, DeadReason::kUnknownTopic);
  EXPECT_EQ(owner.records.back().dead, DeadReason::kUnknownTopic);
}

TEST_F(DiskTest, AnUnreadableOrDamagedBlockStopsNothingElse) {
  start_cluster({{.name = "orders", .partition_count = 1}, {.name = "other", .partition_count = 1}});
  start_outbox({"orders", "other"});
  ASSERT_TRUE(turn_until([this] { return owner.facts.contains("orders") && owner.facts.contains("other"); }));
  cluster->set_broker_up(1, false);
  ASSERT_TRUE(turn_until([this] { return !outbox->connection().connected; }));
  add_orders(3000);
  ASSERT_TRUE(spill_everything());
  for (const std::size_t damaged : {5U, 6U, 1000U}) {
    owner.records[damaged].damaged = owner.records[damaged].block != 0;
  }
  owner.disk_unreadable = true;
  cluster->set_broker_up(1, true);
  add_orders(100, 10, "other");
  ASSERT_TRUE(turn_until([this] { return owner.delivered_count >= 120 && owner.reads_refused > 1; }));
  owner.disk_unreadable = false;
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 3U);
  expect_order_and_no_loss("orders");
}

TEST_F(DiskTest, AStopPutsEverythingOnDisk) {
  start_cluster({{.name = "orders", .partition_count = 3}});
  cluster->set_broker_delay(1, 300);
  start_outbox({"orders"});
  add_orders(5000);
  ASSERT_TRUE(turn_until([this] { return outbox->counts().in_flight > 100; }));
  EXPECT_FALSE(outbox->spill_all()) << "something is in flight";
  outbox->end_producers();
  ASSERT_TRUE(turn_until([this] { return outbox->counts().in_flight == 0; }));
  add_orders(10);
  outbox->hand_over();
  owner.disk_full = true;
  EXPECT_FALSE(outbox->spill_all());
  owner.disk_full = false;
  EXPECT_TRUE(outbox->spill_all());
  EXPECT_EQ(owner.delivered_count + on_disk(), owner.records.size());
  EXPECT_EQ(outbox->counts().queued, on_disk());
  crash_and_recover({"orders"});
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 0U);
  expect_order_and_no_loss("orders");
}

}  // namespace
}  // namespace ringpost::kafka
