// The table of errors, row by row: each is answered by the cluster, and what becomes of the records is what the row says.
#include "kafka/dispositions.hpp"
#include "outbox_fixture.hpp"

namespace ringpost::kafka {
namespace {

class ErrorsTest : public OutboxTest {
 protected:
  void SetUp() override {
    start_cluster({{.name = "orders", .partition_count = 3, .leader = 1},
                   {.name = "single", .partition_count = 1, .leader = 2}},
                  2);
    start_outbox({"orders", "single"});
    add("orders", "warm", "0");
    add("single", "warm", "0");
    ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  }

  // What a broker can answer, of one disposition.
  static std::vector<int> codes_of_brokers(Disposition disposition) {
    std::vector<int> codes;
    for (const DispositionRow& row : disposition_table()) {
      if (row.disposition == disposition && is_a_brokers(row.code)) codes.push_back(row.code);
    }
    EXPECT_FALSE(codes.empty());
    return codes;
  }

  void add_orders() {
    for (int i = 0; i < 60; ++i) add("orders", "key" + std::to_string(i % 5), std::to_string(i));
  }

  // Each code once, for a record that others of its key follow. These come after it was refused: the mock does not look at
  // sequences, and takes what is on its way behind a refused batch. Apache Kafka refuses that, too.
  void expect_all_delivered_after_each_of(const std::vector<int>& codes) {
    for (const int code : codes) {
      SCOPED_TRACE(describe_error(code));
      const std::uint64_t producers_before = outbox->counts().producers_created;
      cluster->refuse_produce({code});
      const Ticket refused = add("orders", "key0", "refused");
      ASSERT_TRUE(turn_until([&] {
        return owner.records[refused].ended() || outbox->counts().producers_created > producers_before;
      }));
      add_orders();
      ASSERT_TRUE(turn_until([this] { return all_ended(); }));
      ASSERT_EQ(owner.dead_count, 0U);
    }
    expect_order_and_no_loss("orders");
  }
};

TEST_F(ErrorsTest, WhatSaysNothingAboutTheRecordIsSentAgain) {
  expect_all_delivered_after_each_of(codes_of_brokers(Disposition::kRetry));
}

TEST_F(ErrorsTest, WhatIsAboutTheTopicWaitsForTheAdministrator) {
  expect_all_delivered_after_each_of(codes_of_brokers(Disposition::kHoldTopic));
}

TEST_F(ErrorsTest, WhatIsAboutTheInstanceWaitsForTheAdministrator) {
  expect_all_delivered_after_each_of(codes_of_brokers(Disposition::kHoldInstance));
}

TEST_F(ErrorsTest, WhatIsAboutTheRecordIsADeadLetterWhenItIsRefusedAlone) {
  std::vector<int> codes = codes_of_brokers(Disposition::kDead);
  constexpr int kNonEmptyGroupCode =
      68;  // no broker should say that to a producer: the table does not know it
  codes.push_back(kNonEmptyGroupCode);
  std::uint64_t dead = 0;
  for (const int code : codes) {
    SCOPED_TRACE(describe_error(code));
    cluster->refuse_produce_at(2, {code, code});
    const Ticket culprit = add("single", "key", "1");
    ASSERT_TRUE(turn_until([this] { return all_ended(); }));
    ASSERT_EQ(owner.dead_count, ++dead);
    EXPECT_EQ(owner.records[culprit].dead, DeadReason::kRefusedByBroker);
    EXPECT_EQ(owner.records[culprit].detail, describe_error(code));
    add("single", "key", "2");
    ASSERT_TRUE(turn_until([this] { return all_ended(); }));
    ASSERT_EQ(owner.dead_count, dead) << "only the culprit";
  }
  expect_order_and_no_loss("single");
}

// The mock has not written them: nothing is asked of the topic.
TEST_F(ErrorsTest, WhatTheBrokerHasAlreadyIsDelivered) {
  for (const int code : codes_of_brokers(Disposition::kDeliver)) {
    cluster->refuse_produce({code});
    add_orders();
    ASSERT_TRUE(turn_until([this] { return all_ended(); })) << describe_error(code);
    ASSERT_EQ(owner.dead_count, 0U) << describe_error(code);
  }
}

// What each new producer asks for first.
TEST_F(ErrorsTest, AProducerIdThatIsRefusedIsAskedForAgain) {
  for (const int code : {-1, 7, 14, 15, 16, 31, 47, 51, 53, 90}) {
    SCOPED_TRACE(describe_error(code));
    outbox.reset();
    cluster->refuse_producer_ids({code});
    start_outbox({"orders", "single"});
    ASSERT_TRUE(turn_until([this] { return !outbox->connection().troubles.empty(); }));
    add_orders();
    ASSERT_TRUE(turn_until([this] { return all_ended(); }));
    EXPECT_EQ(outbox->connection().troubles.text(), "");
    ASSERT_EQ(owner.dead_count, 0U);
  }
  expect_order_and_no_loss("orders");
}

// In the answer to a question about topics; "no such topic" has tests of its own.
TEST_F(ErrorsTest, ATopicThatCanNotBeLookedUpWaits) {
  for (const int code : {-1, 5, 9, 29, 72, 100}) {
    SCOPED_TRACE(describe_error(code));
    outbox.reset();
    cluster->set_topic_error("orders", code);
    start_outbox({"orders", "single"});
    add_orders();
    add("single", "key", "1");
    ASSERT_TRUE(
        turn_until([this] { return outbox->connection().last_error.find("orders: ") != std::string::npos; }));
    ASSERT_TRUE(turn_until([this] { return owner.records.back().ended(); })) << "the other topic flows";
    EXPECT_FALSE(all_ended());
    cluster->set_topic_error("orders", 0);
    ASSERT_TRUE(turn_until([this] { return all_ended(); }));
    ASSERT_EQ(owner.dead_count, 0U);
  }
  expect_order_and_no_loss("orders");
}

// librdkafka gives up on a quota at once: without a producer of its own the topic would end everybody's each time.
TEST_F(ErrorsTest, ATopicThatIsRefusedAgainAndAgainEndsNoOthersProducer) {
  constexpr int kThrottlingCode = 89;
  cluster->refuse_produce_at(1, {kThrottlingCode});
  add_orders();
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  const std::size_t from = owner.records.size();
  const std::uint64_t producers_before = outbox->counts().producers_created;
  cluster->refuse_produce_at(1, std::vector<int>(4, kThrottlingCode));
  add_orders();
  const Ticket last_order = owner.records.size() - 1;
  ASSERT_TRUE(turn_until([&] {
    add("single", "key", "1");
    return owner.records[last_order].ended();
  }));
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_GT(outbox->counts().producers_created, producers_before);  // some of the four may end one together
  EXPECT_EQ(outbox->connection().last_error.substr(0, 38), "orders: THROTTLING_QUOTA_EXCEEDED (89)");
  for (std::size_t i = from; i < owner.records.size(); ++i) {
    const OwnedRecord& record = owner.records[i];
    EXPECT_TRUE(record.topic != "single" || record.handed == 1) << i;
  }
}

}  // namespace
}  // namespace ringpost::kafka
