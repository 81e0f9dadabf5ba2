// What a broker refuses, and what that does to the others.
#include <set>

#include "kafka/dispositions.hpp"
#include "outbox_fixture.hpp"

namespace ringpost::kafka {
namespace {

class RefusalTest : public OutboxTest {
 protected:
  static constexpr int kKeys = 5;

  void SetUp() override {
    start_cluster({{.name = "orders", .partition_count = 3}, {.name = "other", .partition_count = 1}});
    start_outbox({"orders", "other"});
    add("orders", "warm", "-1");
    add("other", "warm", "-1");
    ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  }

  void add_orders(int count) {
    for (int i = 0; i < count; ++i) {
      add("orders", "key" + std::to_string(i % kKeys), std::to_string(i));
    }
  }
};

TEST_F(RefusalTest, ABatchRefusedOnceIsDeliveredWholeAndInOrder) {
  for (const int code : {kInvalidRecordCode, kMessageTooLargeCode}) {
    cluster->refuse_produce({code});
    add_orders(3000);
    ASSERT_TRUE(turn_until([this] { return all_ended(); }));
    EXPECT_EQ(owner.dead_count, 0U) << describe_error(code);
  }
  EXPECT_GE(outbox->counts().producers_created, 3U);
}

TEST_F(RefusalTest, ARefusedBatchKeepsTheOrder) {
  cluster->refuse_produce({kInvalidRecordCode});
  add_orders(3000);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 0U);
  expect_order_and_no_loss("orders");
}

TEST_F(RefusalTest, OnlyTheCulpritDies) {
  // The batch, and then the first suspect when it goes alone: that one is refused for good.
  cluster->refuse_produce({kInvalidRecordCode, kInvalidRecordCode});
  for (int i = 0; i < 100; ++i) {
    add("orders", "one key", std::to_string(i));
  }
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 1U);
  const OwnedRecord& culprit = owner.records[2];
  EXPECT_EQ(culprit.dead, DeadReason::kRefusedByBroker);
  EXPECT_EQ(culprit.detail.substr(0, 19), "INVALID_RECORD (87)") << culprit.detail;
  expect_order_and_no_loss("orders");
}

TEST_F(RefusalTest, ATroubledTopicIsSentApartFromTheOthers) {
  cluster->refuse_produce({kInvalidRecordCode});
  add("orders", "k", "1");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  const std::uint64_t after_first = outbox->counts().producers_created;
  EXPECT_EQ(after_first, 3U) << "the first, its successor, and one for topics in trouble";

  cluster->refuse_produce({kInvalidRecordCode, kInvalidRecordCode});
  add("orders", "k", "2");  // in quarantine now: its refusals end only the other producer
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 1U);
  const std::uint64_t after_second = outbox->counts().producers_created;
  add("other", "k", "3");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(outbox->counts().producers_created, after_second) << "the main producer went on";
}

TEST_F(RefusalTest, ARetriableErrorLosesAndReordersNothing) {
  // 6 NOT_LEADER, 7 REQUEST_TIMED_OUT, 19 NOT_ENOUGH_REPLICAS are librdkafka's to retry; 2 CORRUPT_MESSAGE,
  // 13 NETWORK_EXCEPTION and 89 THROTTLING it reports as final, and they are ours.
  for (const int code : {6, 7, 19, 2, 13, 89}) {
    cluster->refuse_produce({code});
    add_orders(500);
    ASSERT_TRUE(turn_until([this] { return all_ended(); })) << describe_error(code);
    EXPECT_EQ(owner.dead_count, 0U) << describe_error(code);
  }
}

TEST_F(RefusalTest, AForbiddenTopicWaitsForItsAdministrator) {
  cluster->refuse_produce({kTopicDeniedCode, kTopicDeniedCode});
  add_orders(50);
  ASSERT_TRUE(turn_until(
      [this] { return outbox->connection().last_error.find("TOPIC_AUTHORIZATION") != std::string::npos; }));
  EXPECT_EQ(outbox->connection().troubles.text().find("orders: TOPIC_AUTHORIZATION_FAILED (29)"), 0U);
  add("other", "k", "1");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));  // the right was given: the third try goes through
  EXPECT_EQ(outbox->connection().troubles.text(), "");
  EXPECT_EQ(owner.dead_count, 0U);
  expect_order_and_no_loss("orders");
}

TEST_F(RefusalTest, ALimitOnTheBatchIsLearnt) {
  // Refused as a whole, and each of it fits: without a lesson the same batch would be refused for ever.
  cluster->refuse_produce({kMessageTooLargeCode});
  const std::string message = "\"" + std::string(198, 'x') + "\"";
  for (int i = 0; i < 1000; ++i) {
    add("other", "k", message);
  }
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.dead_count, 0U);
}

// A batch of less than five records leaves room for another in flight behind it.
class OvertakingTest : public OutboxTest {
 protected:
  void SetUp() override {
    start_cluster({{.name = "orders", .partition_count = 1}});
    start_outbox({"orders"});
    ASSERT_EQ(cluster->produce_requests(), 0U);
  }

  // A broker refuses two records, and has a third one of their key before they are told.
  void refuse_two_with_one_behind_them(int code) {
    const std::size_t requests_before = cluster->produce_requests();
    cluster->refuse_produce_at(1, {code}, 1000);
    add("orders", "k", "refused");
    add("orders", "k", "refused with it");
    ASSERT_TRUE(turn_until([&] { return cluster->produce_requests() > requests_before; }));
    add("orders", "k", "behind them");
    ASSERT_TRUE(turn_until([this] { return all_ended(); }));
    EXPECT_EQ(owner.dead_count, 0U);
    expect_order_and_no_loss("orders");
  }
};

// The broker knows what it has of that producer, and refuses what does not follow it.
TEST_F(OvertakingTest, NothingOvertakesARefusedBatch) {
  add("orders", "k", "known");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  refuse_two_with_one_behind_them(kInvalidRecordCode);
}

// It has nothing of that producer, and takes whatever comes first.
TEST_F(OvertakingTest, NothingOvertakesAProducersFirstBatch) {
  refuse_two_with_one_behind_them(kInvalidRecordCode);
}

// librdkafka takes a later answer's success for that of all before it: what was refused would count as delivered.
TEST_F(OvertakingTest, AProducersFirstBatchIsSentAgainBeforeOthers) {
  constexpr int kNotLeaderCode = 6;
  refuse_two_with_one_behind_them(kNotLeaderCode);
}

}  // namespace
}  // namespace ringpost::kafka
