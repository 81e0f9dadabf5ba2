// A partition that waits for a follower which says nothing, and its leader's other partitions.
#include <gmock/gmock.h>

#include "outbox_fixture.hpp"

namespace ringpost::kafka {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr int kLeader = 1;
constexpr int kFollower = 2;
constexpr int kForEverMs = 3'600'000;

class FollowersTest : public OutboxTest {
 protected:
  // Both are led by one broker, on one connection of ours; one has a follower.
  void SetUp() override {
    start_cluster({{.name = "followed", .partition_count = 1, .leader = kLeader, .replicas = 2},
                   {.name = "alone", .partition_count = 1, .leader = kLeader}},
                  3);
    start_outbox({"followed", "alone"});
    add("followed", "key", "0");
    add("alone", "key", "0");
    ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  }

  // The follower says nothing any more, so the leader does not answer what is sent to it now, and nothing behind it.
  void silence_the_follower() {
    cluster->set_broker_delay(kFollower, kForEverMs);
    cluster->delay_produce_at(kLeader, kForEverMs);
    waiting = add("followed", "key", "waits");
    ASSERT_TRUE(turn_until([this] { return outbox->counts().in_flight == 1; }));
    for (int i = 0; i < 200; ++i) behind = add("alone", "key", std::to_string(i));
  }
  bool ended(Ticket ticket) const { return owner.records[ticket].ended(); }

  Ticket waiting = 0;
  Ticket behind = 0;  // the last of them
};

TEST_F(FollowersTest, OnlyThePartitionThatHasItWaits) {
  silence_the_follower();
  ASSERT_TRUE(turn_until([this] { return ended(behind); }));
  EXPECT_THAT(outbox->connection().unreachable, HasSubstr("/2: no answer"));
  EXPECT_THAT(outbox->connection().unreachable,
              EndsWith("; partitions that it follows wait, too: followed [0]"));
  const Ticket later = add("followed", "key", "after it");
  const Ticket last = add("alone", "key", "flows on");
  ASSERT_TRUE(turn_until([&] { return ended(last); }));
  EXPECT_FALSE(ended(waiting)) << "the mock answers whatever comes on another connection";
  EXPECT_EQ(owner.records[later].handed, 0) << "no more of it goes to librdkafka";

  cluster->set_broker_delay(kFollower, 0);
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(outbox->counts().producers_created, 1U);
  EXPECT_EQ(owner.dead_count, 0U);
  expect_order_and_no_loss("followed");
  expect_order_and_no_loss("alone");
}

// It may be silent for us alone; Kafka would have dropped it from those in sync.
TEST_F(FollowersTest, ThePartitionIsTriedAgainThoughItsFollowerStaysSilent) {
  silence_the_follower();
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_THAT(outbox->connection().unreachable, HasSubstr("/2: "));
  EXPECT_THAT(outbox->connection().unreachable, Not(HasSubstr("wait, too")));
}

TEST_F(FollowersTest, TheNextProducerKnowsOfNoPause) {
  silence_the_follower();
  ASSERT_TRUE(turn_until([this] { return ended(behind); }));
  constexpr int kInvalidRecordCode = 87;  // ends the producer
  cluster->refuse_produce_at(kLeader, {kInvalidRecordCode});
  add("alone", "key", "refused");
  ASSERT_TRUE(turn_until([this] { return outbox->counts().producers_created > 1; }));
  ASSERT_TRUE(turn_until([this] { return ended(waiting); }));
  ASSERT_TRUE(
      turn_until([this] { return outbox->connection().unreachable.find("wait, too") == std::string::npos; }));
}

// Nobody is freed by it.
TEST_F(FollowersTest, NoConnectionIsEndedWhereNobodyElseWaits) {
  cluster->set_broker_delay(kFollower, kForEverMs);
  cluster->delay_produce_at(kLeader, 5'000);
  add("followed", "key", "waits");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(read_topic("followed").size(), 2U) << "sent again, and the mock takes it twice";
}

}  // namespace
}  // namespace ringpost::kafka
