// An instance without a broker: status and log say why, and when it is over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/support/odd_peer.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

std::string one_instance(const std::string& broker) {
  return "[instance.kafkaid]\nbrokers = [\"" + broker + "\"]\ntopics = [\"orders\"]\n";
}

bool log_has(const Daemon& daemon, const std::string& text) {
  return wait_until([&] { return daemon.log().find(text) != std::string::npos; });
}

TEST(Unreachable, WhoAnswersAndIsNoBrokerIsNamed) {
  struct Case {
    std::string answer;
    OddPeer::Then then;
    std::string said;
  };
  for (const Case& each :
       {Case{std::string(kHttpAnswer), OddPeer::Then::kHangsUp, "Invalid response size"},
        Case{"", OddPeer::Then::kHangsUp, "Disconnected"},
        Case{"", OddPeer::Then::kGoesOn, "is there a Kafka broker at this address"},
        Case{std::string(300, '\1'), OddPeer::Then::kGoesOn, "not connected to Kafka: "}}) {
    SCOPED_TRACE(each.said);
    const OddPeer peer(each.answer, each.then);
    const Daemon daemon(one_instance(peer.address()));
    EXPECT_TRUE(log_has(daemon, "instance kafkaid: not connected to Kafka: ")) << daemon.log();
    EXPECT_TRUE(log_has(daemon, each.said)) << daemon.log();
    const Outcome status = run({program("ringpost"), "status", "--socket", daemon.socket()});
    EXPECT_THAT(status.output, HasSubstr("kafkaid: connecting: "));
  }
}

TEST(Unreachable, TheLogSaysWhenItBeginsAndWhenItIsOver) {
  MockCluster kafka({"orders"});
  const Daemon daemon(one_instance(kafka.brokers()));
  EXPECT_TRUE(log_has(daemon, "instance kafkaid: connected to Kafka (" + kafka.brokers() + ")"))
      << daemon.log();
  kafka.stop_broker(1);
  EXPECT_TRUE(log_has(daemon, "instance kafkaid: no broker can be reached any more; events wait"))
      << daemon.log();
  EXPECT_TRUE(log_has(daemon, "instance kafkaid: not connected to Kafka: ")) << daemon.log();
  kafka.start_broker(1);
  EXPECT_TRUE(log_has(daemon, "instance kafkaid: connected to Kafka again, after ")) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
