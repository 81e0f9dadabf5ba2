// Adopted clients made by hand: what they are told and given, and what becomes of those that do not do what an adopted
// client does.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <exception>
#include <filesystem>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

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
    succeed(client);
    return client;
  }
  void succeed(RawClient& client) {
    daemon_.kill();
    daemon_.start();
    generation_ = told_generation(client);
  }
  static std::uint32_t told_generation(const RawClient& client) {
    const ipc::Received told = client.receive();
    EXPECT_EQ(told.frame.header.type, ipc::FrameType::kAdopted);
    return told.frame.body.index.index;
  }
  static ipc::Received hello_again(RawClient& client, std::uint32_t generation,
                                   const std::vector<std::uint32_t>& slots) {
    ipc::Frame frame = ipc::make_frame(ipc::FrameType::kHello, 0);
    frame.body.hello.generation = generation;
    for (const std::uint32_t slot : slots) ipc::set_lane(frame.body.hello, slot);
    return client.ask(frame);
  }
  boost::json::object status() const {
    return boost::json::parse(RawClient(daemon_.socket()).status()).as_object();
  }
  void expect_others_served() {
    Publisher publisher(daemon_.socket());
    EXPECT_EQ(publisher.publish_patiently({"kafkaid", "orders", "{}", std::nullopt, {}}), 0);
  }

  std::string instance(const std::string& name, const std::string& more = "") const {
    return "[instance." + name + "]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [\"orders\"]\n" +
           more;
  }

  std::uint32_t generation_ = 0;
  MockCluster kafka_{{"orders"}};
  Keeper keeper_;
  Daemon daemon_{instance("kafkaid"), "", keeper_.environment()};
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

// The keeper had died, too, and had not been offered everything again. It would publish into a lane that nobody drains.
TEST_F(Adopted, WhoHasALaneThatTheKeeperHasNotIsToldToConnectAgain) {
  RawClient client = adopted();
  const ipc::Received answer = hello_again(client, generation_, {0, 9});
  EXPECT_EQ(refusal_of(answer), ipc::Refusal::kNoResources);
  EXPECT_NE(refusal_text(answer).find("1 of your lanes were lost"), std::string::npos)
      << refusal_text(answer);
  EXPECT_TRUE(client.wait_until_ended());
  const auto logged = [&] {  // after the client was told
    return daemon_.log().find("has 1 lanes that the keeper has not") != std::string::npos;
  };
  EXPECT_TRUE(wait_until(logged)) << daemon_.log();
  // What its other lane held is not lost.
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").delivered == 1; }));
  expect_others_served();
}

// Two lanes with one slot would overwrite each other's word on the board.
TEST_F(Adopted, ASlotIsNeverGivenTwiceWhateverTheConfigurationHas) {
  daemon_.stop();
  daemon_.configure(instance("kafkaid") + instance("other"), "", "ringpost.sock");
  daemon_.start();
  RawClient client(daemon_.socket());
  client.hello();
  for (const std::uint32_t index : {0U, 1U}) {
    client.open_instance(index);
    ASSERT_EQ(client.open_lane(index).frame.body.lane.slot, index);
  }
  daemon_.configure(instance("kafkaid"), "", "ringpost.sock");
  succeed(client);
  // Whether or not it has let go of the lane of the instance that is gone.
  ASSERT_EQ(hello_again(client, generation_, {0}).frame.header.type, ipc::FrameType::kWelcome);
  client.open_instance(0);
  EXPECT_EQ(client.open_lane(0).frame.body.lane.slot, 2U);
}

// It has fewer lanes than slots were given, and its end must leave the daemon's counts at nothing.
TEST_F(Adopted, WhoLeavesIsCountedByTheLanesThatItHas) {
  {
    RawClient client = client_with_lane(daemon_.socket());
    EXPECT_EQ(client.open_lane(0).frame.body.lane.slot, 1U);
    succeed(client);
    // The first lane never reached it, and is given up; the next daemon finds the second only.
    ASSERT_EQ(hello_again(client, generation_, {1}).frame.header.type, ipc::FrameType::kWelcome);
    ASSERT_TRUE(wait_until([&] { return status().at("instances").at(0).at("lanes") == 1; }));
    succeed(client);
    EXPECT_EQ(status().at("lanes"), 1);
  }
  EXPECT_TRUE(wait_until([&] { return status().at("clients") == 0 && status().at("lanes") == 0; }))
      << daemon_.log();
}

// It was told, and goes on: it would fill the dead letters.
TEST_F(Adopted, WhoPublishesOnToAnInstanceThatIsTakenAwayIsCutOff) {
  daemon_.stop();
  daemon_.configure(instance("kafkaid", "lane_size = \"64KiB\"\nmax_event_size = \"16KiB\"\n"));
  daemon_.start();
  RawClient client = client_with_lane(daemon_.socket());
  daemon_.configure(instance("other"));
  succeed(client);
  ASSERT_EQ(hello_again(client, generation_, {0}).frame.header.type, ipc::FrameType::kWelcome);
  EXPECT_EQ(refusal_of(client.open_instance(1)), ipc::Refusal::kNoSuchInstance);
  const std::string message(8'000, '1');
  EXPECT_TRUE(wait_until([&] {
    while (client.publish("orders", message)) {
    }
    return daemon_.log().find("it goes on publishing to an instance that it may not use any more") !=
           std::string::npos;
  })) << daemon_.log();
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting == 0; })) << daemon_.log();
  EXPECT_EQ(daemon_.status("kafkaid").dead_letters, daemon_.status("kafkaid").accepted);
  EXPECT_EQ(daemon_.audit(), "");
}

TEST_F(Adopted, WhoMayNotUseTheInstanceAnyMoreGetsNoLaneOfIt) {
  constexpr uid_t kStranger = 54321;
  std::filesystem::permissions(std::filesystem::path(daemon_.socket()).parent_path(),
                               std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
  std::array<int, 2> published{};
  ASSERT_EQ(::pipe(published.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      if (::setgroups(0, nullptr) != 0 || ::setgid(kStranger) != 0 || ::setuid(kStranger) != 0) ::_exit(2);
      RawClient client = client_with_lane(daemon_.socket());
      if (!client.publish("orders", "1") || ::write(published[1], "p", 1) != 1) ::_exit(3);
      if (hello_again(client, told_generation(client), {0}).frame.header.type != ipc::FrameType::kWelcome)
        ::_exit(4);
      if (client.open_instance(0).frame.body.instance.allowed != 0) ::_exit(5);
      ::_exit(refusal_of(client.open_lane(0)) == ipc::Refusal::kDenied ? 0 : 6);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
      ::_exit(7);
    }
  }
  char byte = 0;
  ASSERT_EQ(::read(published[0], &byte, 1), 1);
  daemon_.kill();
  daemon_.configure(instance("kafkaid", "allow = { users = [\"daemon\"] }\n"), "", "ringpost.sock");
  daemon_.start();
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << WEXITSTATUS(status) << daemon_.log();
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").delivered == 1; })) << daemon_.log();
  for (const int end : published) ::close(end);
}

}  // namespace
}  // namespace ringpost::tests
