// ringpost-keeper as the first process of the daemon's container: the signals that the runtime sends, orphans, and the container's end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <string>

#include "tests/namespaces/pod.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

class FirstProcess : public testing::Test {
 protected:
  void start() { pod_.start(); }
  bool wait_for_log(const std::string& text) {
    return wait_until([&] { return pod_.daemon().log().find(text) != std::string::npos; });
  }

  Pod pod_;
};

TEST_F(FirstProcess, ReapsWhatIsOrphanedInTheContainer) {
  start();
  // As `docker exec` and `kubectl exec` leave them: children of a shell that has gone.
  const Outcome outcome = pod_.daemon().exec({"sh", "-c", "for i in 1 2 3 4 5; do sleep 0.2 & done"});
  ASSERT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_TRUE(
      wait_until([&] { return children_of(pod_.daemon().first()).size() == 6; }));  // ringpostd and these
  EXPECT_TRUE(wait_until([&] { return children_of(pod_.daemon().first()).size() == 1; }))
      << children_of(pod_.daemon().first()).size() - 1 << " zombies stay";
}

TEST_F(FirstProcess, ToldToStopItEndsWithTheDaemonAndWhatWaitsIsOnTheVolume) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const std::string name = "host-" + std::to_string(signal);
    start();
    pod_.kafka().pause();
    Container host(pod_.publisher(name, 1'000, 0));
    ASSERT_TRUE(wait_until([&] { return pod_.accepted(name) == 1'000 || !host.running(); })) << host.log();
    pod_.daemon().signal(signal);
    EXPECT_EQ(pod_.daemon().wait(), 0) << pod_.daemon().log();
    EXPECT_THAT(pod_.daemon().log(), HasSubstr("1000 of 1000 accepted events wait on disk"));
    pod_.kafka().resume();
    start();
    pod_.wait_until_delivered(1'000);
    EXPECT_EQ(pod_.what_is_wrong_with(name), "");
    EXPECT_EQ(pod_.daemon().log().find("can't"), std::string::npos) << pod_.daemon().log();
    pod_.daemon().signal(signal);
    EXPECT_EQ(pod_.daemon().wait(), 0) << pod_.daemon().log();
  }
}

// What the keeper holds then has nobody who could put it away, and ends with it.
TEST_F(FirstProcess, ToldToStopWhileTheDaemonIsDeadItStartsItOnceMore) {
  start();
  Container host(pod_.publisher("host", 1'000'000, 50));
  ASSERT_TRUE(wait_until([&] { return pod_.accepted("host") >= 2'000 || !host.running(); })) << host.log();
  // It hears of both at once.
  pause_process(pod_.daemon().first());
  kill_process(pod_.ringpostd());
  pod_.daemon().signal(SIGTERM);
  pod_.daemon().signal(SIGCONT);
  EXPECT_EQ(pod_.daemon().wait(), 0) << pod_.daemon().log();
  EXPECT_THAT(pod_.daemon().log(), HasSubstr("told to stop while nobody has"));
  EXPECT_NE(host.wait(), 0);  // nobody takes its calls any more
  start();                    // what the brokers had not taken is on the volume
  pod_.wait_until_delivered(0);
  EXPECT_EQ(pod_.what_is_wrong_with("host"), "");
}

TEST_F(FirstProcess, ADaemonThatIsKilledWhileItStopsIsStartedOnceMore) {
  pod_.write_config(pod_.kafkaid(), "10min");
  start();
  pod_.kafka().pause();
  Container host(pod_.publisher("host", 1'000, 0));
  ASSERT_TRUE(wait_until([&] { return pod_.accepted("host") == 1'000 || !host.running(); })) << host.log();
  const pid_t ringpostd = pod_.ringpostd();
  pod_.daemon().signal(SIGTERM);
  ASSERT_TRUE(wait_for_log("Terminated: stopping"));
  pod_.write_config(pod_.kafkaid());
  kill_process(ringpostd);
  EXPECT_EQ(pod_.daemon().wait(), 0) << pod_.daemon().log();
  EXPECT_THAT(pod_.daemon().log(), HasSubstr("1000 of 1000 accepted events wait on disk"));
  pod_.kafka().resume();
  start();
  pod_.wait_until_delivered(1'000);
  EXPECT_EQ(pod_.what_is_wrong_with("host"), "");
}

TEST_F(FirstProcess, ASecondStopEndsItAtOnce) {
  pod_.write_config(pod_.kafkaid(), "10min");
  start();
  pod_.kafka().pause();
  Container host(pod_.publisher("host", 1'000, 0));
  ASSERT_TRUE(wait_until([&] { return pod_.accepted("host") == 1'000 || !host.running(); })) << host.log();
  pod_.daemon().signal(SIGTERM);
  ASSERT_TRUE(wait_for_log("Terminated: stopping"));
  pod_.daemon().signal(SIGTERM);
  EXPECT_EQ(pod_.daemon().wait(), 1) << pod_.daemon().log();
  EXPECT_THAT(pod_.daemon().log(), HasSubstr("what it has neither delivered nor put on disk is lost"));
  pod_.kafka().resume();
}

TEST_F(FirstProcess, AWrongConfigurationEndsTheContainerWithItsCodeAndItsLine) {
  pod_.write_config("[instance.kafkaid]\nno_such_key = 1\n");
  EXPECT_THROW(pod_.start(), std::runtime_error);
  EXPECT_EQ(pod_.daemon().wait(), 78);
  EXPECT_THAT(pod_.daemon().log(), HasSubstr("ringpost.toml:5:1: instance.kafkaid.no_such_key"));
}

// Its file may be a volume's that somebody has just changed.
TEST_F(FirstProcess, AConfigurationThatBecomesWrongCostsNothing) {
  start();
  pod_.kafka().pause();
  Container host(pod_.publisher("host", 1'000, 0));
  ASSERT_TRUE(wait_until([&] { return pod_.accepted("host") == 1'000 || !host.running(); })) << host.log();
  pod_.write_config("[instance.kafkaid]\nno_such_key = 1\n");
  kill_process(pod_.ringpostd());
  ASSERT_TRUE(wait_for_log("has ended with code 78: it is started again in"));
  pod_.write_config(pod_.kafkaid());
  pod_.kafka().resume();
  pod_.wait_until_delivered(1'000);
  EXPECT_EQ(pod_.what_is_wrong_with("host"), "");
}

// The keeper has everything while ringpostd begins anew with what the file says by then.
TEST_F(FirstProcess, OtherSignalsReachTheDaemonWhichReloads) {
  start();
  const pid_t daemon = pod_.ringpostd();
  pod_.write_config(pod_.kafkaid() + "[instance.more]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\n");
  pod_.daemon().signal(SIGHUP);
  EXPECT_TRUE(wait_for_log("is good, and ringpostd begins anew with it"));
  EXPECT_TRUE(wait_until([&] { return pod_.status_json().find(R"("name":"more")") != std::string::npos; }))
      << pod_.daemon().log();
  EXPECT_EQ(pod_.ringpostd(), daemon);
  EXPECT_THAT(pod_.daemon().log(), Not(HasSubstr("started again")));
}

}  // namespace
}  // namespace ringpost::tests
