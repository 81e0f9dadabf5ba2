// Clients that were adopted and do not do what an adopted client does: their connections end, everybody else goes on.
#include <gtest/gtest.h>

#include <string>

#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/support/publisher.hpp"
#include "tests/survival/keeper.hpp"

namespace ringpost::tests {
namespace {

class Adopted : public testing::Test {
 protected:
  Adopted() { daemon_.wait_until_connected("kafkaid"); }

  // The connection of a client with a lane, whose daemon has died and been succeeded.
  RawClient adopted() {
    RawClient client = client_with_lane(daemon_.socket());
    EXPECT_TRUE(client.publish("orders", "1"));
    daemon_.kill();
    daemon_.start();
    EXPECT_EQ(client.receive().frame.header.type, ipc::FrameType::kAdopted);
    return client;
  }
  void expect_others_served() {
    Publisher publisher(daemon_.socket());
    EXPECT_EQ(publisher.publish_patiently({"kafkaid", "orders", "{}", std::nullopt, {}}), 0);
  }

  MockCluster kafka_{{"orders"}};
  Keeper keeper_;
  Daemon daemon_{"[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [\"orders\"]\n", "",
                 keeper_.environment()};
};

TEST_F(Adopted, WhoGoesOnAskingTheDeadDaemonIsEnded) {
  RawClient client = adopted();
  // A send finds no room while the daemon has not read the others.
  const auto asks_and_is_ended = [&] {
    while (client.send(ipc::make_frame(ipc::FrameType::kPing, 0))) {
    }
    return client.is_ended();
  };
  EXPECT_TRUE(wait_until(asks_and_is_ended)) << daemon_.log();
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting == 0; }));
  EXPECT_EQ(daemon_.status("kafkaid").accepted, 1U);
  expect_others_served();
}

TEST_F(Adopted, WhoSendsGarbageIsEnded) {
  RawClient client = adopted();
  ASSERT_TRUE(client.send_bytes(std::as_bytes(std::span("garbage"))));
  EXPECT_TRUE(client.wait_until_ended()) << daemon_.log();
  expect_others_served();
}

// It says nothing, and its lane is drained all the same.
TEST_F(Adopted, WhoNeverSaysHelloAgainIsServedAsFarAsItsLaneGoes) {
  RawClient client = adopted();
  EXPECT_TRUE(client.publish("orders", "2"));
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").delivered == 2; })) << daemon_.log();
  expect_others_served();
}

TEST_F(Adopted, AHelloThatNamesAnotherDaemonIsNoHello) {
  RawClient client = adopted();
  client.send_hello();  // of generation 0
  ASSERT_TRUE(client.send(ipc::make_frame(ipc::FrameType::kPing, 0)));
  expect_others_served();
  EXPECT_FALSE(client.is_ended());
}

}  // namespace
}  // namespace ringpost::tests
