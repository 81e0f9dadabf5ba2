// The daemon's life: one on a socket, a stale socket, what SIGTERM leaves behind, what a wrong configuration
// says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <string>

#include "tests/support/daemon.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

const std::string kEmbedded = R"(
[instance.kafkaid]
brokers = "embedded"
topics = ["orders"]
)";

std::string instance_at(const std::string& brokers, const std::string& more = "") {
  return "[instance.kafkaid]\nbrokers = [\"" + brokers + "\"]\ntopics = [\"orders\"]\n" + more;
}

const Event kEvent{"kafkaid", "orders", R"({"id":"123"})", "key", {}};

TEST(Start, ASecondDaemonOnTheSameSocketIsRefused) {
  Daemon first(kEmbedded);
  const Outcome second = run({program("ringpostd"), "--config", first.config_file()});
  EXPECT_GT(second.status, 0);
  EXPECT_THAT(second.errors, HasSubstr(first.socket()));
  EXPECT_THAT(second.errors, HasSubstr("another"));

  first.wait_until_connected("kafkaid");
  Publisher publisher(first.socket());
  EXPECT_EQ(publisher.publish(kEvent), 0) << ringpost_last_error_message();
  first.wait_until_delivered("kafkaid", 1);
}

TEST(Start, AStaleSocketFileIsReplaced) {
  Daemon daemon(kEmbedded);
  daemon.process().signal(SIGKILL);
  EXPECT_EQ(daemon.process().wait(), -SIGKILL);
  ASSERT_TRUE(std::filesystem::exists(daemon.socket()));

  daemon.start();
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  EXPECT_EQ(publisher.publish(kEvent), 0) << ringpost_last_error_message();
  daemon.wait_until_delivered("kafkaid", 1);
}

TEST(Start, AWrongConfigurationEndsWith78AndSaysWhere) {
  TemporaryDirectory directory;
  const std::string file = directory.file("wrong.toml");
  write_file(file, "[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = []\nlinger = \"soon\"\n");
  const Outcome outcome = run({program("ringpostd"), "--config", file});
  EXPECT_EQ(outcome.status, 78);
  EXPECT_THAT(outcome.errors, HasSubstr(file + ":3:"));
  EXPECT_THAT(outcome.errors, HasSubstr(file + ":4:"));
}

TEST(Start, AnUnreachableBrokerIsNoReasonNotToStart) {
  Daemon daemon(instance_at("127.0.0.1:1"));
  Publisher publisher(daemon.socket());
  const int code = publisher.publish(kEvent);
  EXPECT_STREQ(ringpost_error_name(code), "NOT_CONNECTED");
  EXPECT_THAT(ringpost_last_error_message(), HasSubstr("kafkaid"));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

TEST(Start, AStateDirectoryThatCantBeUsedIsSaidAndEventsFlow) {
  Daemon daemon(kEmbedded, "state_dir = \"/dev/null/ringpost\"\n");
  EXPECT_THAT(daemon.log(), HasSubstr("/dev/null/ringpost"));
  daemon.wait_until_connected("kafkaid");
  EXPECT_THAT(daemon.status("kafkaid").disk_problem, HasSubstr("/dev/null/ringpost"));
  Publisher publisher(daemon.socket());
  EXPECT_EQ(publisher.publish(kEvent), 0) << ringpost_last_error_message();
  daemon.wait_until_delivered("kafkaid", 1);
}

TEST(Start, TwoDaemonsDoNotShareAStateDirectory) {
  Daemon first(kEmbedded);
  Daemon second(kEmbedded, "state_dir = \"" + first.state_dir() + "\"\n");
  EXPECT_THAT(second.status("kafkaid").disk_problem, HasSubstr(std::to_string(first.process().pid())));
}

TEST(Start, ThePolicyRejectRefusesOnceTheBrokerIsGone) {
  MockCluster kafka({"orders"});
  Daemon daemon(instance_at(kafka.brokers(), "when_disconnected = \"reject\"\nreject_after = \"100ms\"\n"));
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  EXPECT_EQ(publisher.publish(kEvent), 0) << ringpost_last_error_message();
  kafka.kill();
  EXPECT_TRUE(wait_until([&] { return publisher.publish(kEvent) == RINGPOST_NOT_CONNECTED; }))
      << ringpost_last_error_message();
}

TEST(Stop, SigtermDeliversWhatWasAcceptedAndEndsWith0) {
  constexpr std::size_t kBurst = 10'000;
  MockCluster kafka({"orders"});
  Daemon daemon(instance_at(kafka.brokers()));
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  for (std::size_t number = 0; number < kBurst; ++number) {
    ASSERT_EQ(publisher.publish_patiently(kEvent), 0) << ringpost_last_error_message();
  }
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
  EXPECT_EQ(read_with_kcat(kafka.brokers(), "orders").size(), kBurst);
  EXPECT_STREQ(ringpost_error_name(publisher.publish(kEvent)), "DAEMON_UNAVAILABLE");
}

TEST(Stop, SigtermWithoutABrokerSaysWhatIsLeft) {
  MockCluster kafka({"orders"});
  Daemon daemon(instance_at(kafka.brokers()), "stop_timeout = \"500ms\"\n");
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  kafka.kill();
  for (int number = 0; number < 17; ++number) {
    ASSERT_EQ(publisher.publish(kEvent), 0) << ringpost_last_error_message();
  }
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
  EXPECT_THAT(daemon.log(), HasSubstr("17"));
}

}  // namespace
}  // namespace ringpost::tests
