// ringpost-keeper as ringpostd's parent, as containers and people by hand have it.
#include <gmock/gmock.h>
#include <signal.h>

#include <cerrno>
#include <sstream>

#include "tests/control/raw_client.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"
#include "tests/survival/survival.hpp"
#include "tests/survival/traffic.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

class Parent : public testing::Test {
 protected:
  Parent() {
    daemon_.stop();
    daemon_.launch({program("ringpost-keeper"), "--"});
    daemon_.wait_until_serving();
    daemon_.wait_until_connected("kafkaid");
  }

  // ringpostd's; 0 while the keeper has none.
  pid_t child() const {
    const std::string keeper = std::to_string(daemon_.process().pid());
    std::istringstream children(read_file("/proc/" + keeper + "/task/" + keeper + "/children"));
    pid_t first = 0;
    children >> first;
    return first;
  }

  std::string kafkaid() const {
    return "[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [\"orders\"]\n";
  }

  MockCluster kafka_{{"orders"}, 1};
  mutable Daemon daemon_{kafkaid()};
};

TEST_F(Parent, StartsItAgainAndNothingIsLost) {
  Traffic traffic(daemon_.socket());
  const std::uint32_t kills = std::max(amount(4), 1U);
  for (std::uint32_t kill = 0; kill < kills; ++kill) {
    traffic.wait_for(1'000);
    const pid_t before = child();
    ASSERT_NE(before, 0);
    ::kill(before, SIGKILL);
    ASSERT_TRUE(wait_until([&] { return child() != 0 && child() != before; })) << daemon_.log();
  }
  traffic.wait_for(2 * Traffic::kAhead);
  const std::uint32_t events = traffic.finish();
  daemon_.wait_until_delivered("kafkaid", events);
  EXPECT_EQ(daemon_.status("kafkaid").accepted, events);
  EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
}

TEST_F(Parent, ToldToStopEndsWithItAndEverythingIsDelivered) {
  constexpr std::size_t kEvents = 5'000;
  Publisher publisher(daemon_.socket());
  for (std::size_t number = 0; number < kEvents; ++number) {
    const Event event{"kafkaid", "orders", std::to_string(number), "key", {}};
    ASSERT_EQ(publisher.publish_patiently(event), 0) << ringpost_last_error_message();
  }
  const pid_t ringpostd = child();
  EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
  EXPECT_EQ(::kill(ringpostd, 0), -1);
  EXPECT_EQ(errno, ESRCH);
  EXPECT_THAT(daemon_.log(), HasSubstr("nothing is left: 5000 accepted, 5000 delivered"));
  const std::vector<Record> records = read_with_kcat(kafka_.brokers(), "orders");
  ASSERT_EQ(records.size(), kEvents);
  for (std::size_t number = 0; number < kEvents; ++number)
    ASSERT_EQ(records[number].message, std::to_string(number));
}

// Its control thread does not come to run: it can't see yet that there is another daemon, and that this one stops.
TEST_F(Parent, StoppedWhileTheyMoveItTakesWhatClientsStillPublishForTheDaemonThatDied) {
  daemon_.stop();
  daemon_.configure(kafkaid(), "stop_timeout = \"10min\"");
  daemon_.launch({program("ringpost-keeper"), "--"});
  daemon_.wait_until_serving();
  daemon_.wait_until_connected("kafkaid");
  RawClient client = client_with_lane(daemon_.socket());
  kill_process(child());
  const ipc::Received told = client.receive();
  ASSERT_EQ(told.frame.header.type, ipc::FrameType::kAdopted) << daemon_.log();
  daemon_.process().signal(SIGTERM);
  ASSERT_TRUE(wait_until([&] { return daemon_.log().find("Terminated: stopping") != std::string::npos; }));
  // A daemon that has begun to stop would say no to this, and take no more of its lane than what comes within 50 ms.
  ipc::Frame hello = ipc::make_frame(ipc::FrameType::kHello, 0);
  hello.body.hello.generation = told.frame.body.index.index;
  ipc::set_lane(hello.body.hello, 0);
  EXPECT_EQ(client.ask(hello).frame.header.type, ipc::FrameType::kWelcome);
  EXPECT_TRUE(client.publish("orders", "1"));
  EXPECT_TRUE(client.send(index_frame(ipc::FrameType::kPing, told.frame.body.index.index)));
  EXPECT_EQ(daemon_.process().wait(), 0) << daemon_.log();
  EXPECT_THAT(daemon_.log(), HasSubstr("nothing is left: 1 accepted, 1 delivered"));
}

TEST_F(Parent, PassesOnThatTheConfigurationIsWrong) {
  EXPECT_EQ(daemon_.stop(), 0);
  daemon_.configure("[instance.kafkaid]\nno_such_key = 1\n");
  daemon_.launch({program("ringpost-keeper"), "--"});
  EXPECT_EQ(daemon_.process().wait(), 78) << daemon_.log();
}

}  // namespace
}  // namespace ringpost::tests
