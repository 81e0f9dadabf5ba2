#include "daemon/instance/intake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "daemon/instance/delivery.hpp"
#include "lanes.hpp"

namespace ringpost::daemon {
namespace {

// An instance's parts up to the queues; its broker is nobody, and so every topic is stuck.
class IntakeTest : public testing::Test {
 protected:
  static InstanceConfig make_config() {
    InstanceConfig config;
    config.name = "kafkaid";
    config.topics = {"stuck", "flowing"};
    config.max_event_size_bytes = 64u << 10;
    return config;
  }

  void open(const test::HonestLane& lane, const std::shared_ptr<Client>& client) {
    ASSERT_TRUE(intake_.open_lane(client, lane.lane_id(), lane.slot(), lane.memory(), test::kLaneBytes));
  }
  void round() {
    intake_.round();
    topics_.mark_full(Shares(arena_, intake_.waiting_bytes(), true));
  }
  bool full(std::string_view topic) const { return topics_.find(topic)->full; }

  const InstanceConfig config_ = make_config();
  ipc::InstanceBoardWriter board_{"kafkaid"};
  Arena arena_{32u << 20, 64u << 10};
  Topics topics_{config_, board_, arena_};
  WaitingRecords records_{arena_, nullptr, nullptr};
  Burial burial_{"kafkaid", records_, nullptr};
  Overflow overflow_{config_, records_, topics_};
  Replays replays_{config_, records_, topics_, nullptr};
  Delivery delivery_{"kafkaid", {records_, topics_, burial_, overflow_, replays_}};
  kafka::Outbox outbox_{{.instance = "kafkaid",
                         .bootstrap_servers = "127.0.0.1:1",
                         .properties = {},
                         .topics = {},
                         .id_prefix = ""},
                        delivery_};
  Intake intake_{config_, {arena_, topics_, burial_, outbox_}};
};

TEST_F(IntakeTest, ARecordKnowsItsClientsProcess) {
  const auto client =
      std::make_shared<Client>(1, "test", ipc::Peer{.pid = 4'711, .uid = 1'001, .gid = 1'002});
  test::HonestLane lane(client, 1, 0);
  open(lane, client);
  ASSERT_TRUE(lane.publish("flowing", "1"));
  round();
  const Arena successor(arena_.memory().duplicate());
  ASSERT_EQ(successor.left().size(), 1u);
  EXPECT_EQ(successor.prefix(successor.left()[0]).client_uid, 1'001u);
  EXPECT_EQ(successor.prefix(successor.left()[0]).client_pid, 4'711);
  for (const TopicTotals& topic : arena_.totals())
    EXPECT_EQ(topic.waiting, topic.name == "flowing" ? 1u : 0u);
}

// Both publish to a topic until it is marked full; then one asks the board, and the other does not.
TEST_F(IntakeTest, AClientThatGoesOnPublishingToAFullTopicIsEnded) {
  const auto honest_client = test::make_client(1), careless_client = test::make_client(2);
  test::HonestLane honest(honest_client, 1, 0), careless(careless_client, 2, 0);
  open(honest, honest_client);
  open(careless, careless_client);
  const std::string message = "\"" + std::string(2000, 'x') + "\"";

  std::uint64_t accepted = 0;
  while (!full("stuck")) {
    while (honest.publish("stuck", message)) ++accepted;
    while (careless.publish("stuck", message)) ++accepted;
    round();
  }
  EXPECT_TRUE(intake_.take_malformed().empty());

  std::vector<Intake::Malformed> malformed;
  for (int rounds = 0; malformed.empty(); ++rounds) {
    ASSERT_LT(rounds, 100) << "it may go on for ever";
    while (careless.publish("stuck", message)) ++accepted;
    ASSERT_TRUE(honest.publish("flowing", "1"));
    ++accepted;
    round();
    malformed = intake_.take_malformed();
  }
  ASSERT_EQ(malformed.size(), 1u);
  EXPECT_EQ(malformed[0].client_id, careless_client->id);
  EXPECT_THAT(malformed[0].why, testing::HasSubstr("share of the buffer"));
  EXPECT_GT(arena_.free_chunks(), 0u);
  EXPECT_FALSE(full("flowing"));
  EXPECT_EQ(arena_.waiting(), accepted) << "its whole records before that count";

  EXPECT_TRUE(honest.publish("flowing", "2"));
  round();
  EXPECT_EQ(arena_.waiting(), accepted + 1);
}

}  // namespace
}  // namespace ringpost::daemon
