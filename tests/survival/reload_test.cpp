// Another configuration while script hosts publish: the process begins anew, and nobody notices; what is wrong changes nothing.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"
#include "tests/survival/survival.hpp"
#include "tests/survival/traffic.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kEach = 200;

// How often the log says that a daemon began to serve.
std::size_t lives(const Daemon& daemon) {
  const std::string log = daemon.log();
  std::size_t count = 0;
  for (std::size_t at = log.find(" serves "); at != std::string::npos; at = log.find(" serves ", at + 1))
    ++count;
  return count;
}

class Reload : public Survival {
 protected:
  Outcome reload() { return run({program("ringpost"), "reload", "--socket", daemon_.socket()}); }
  void reload_with(const std::string& instances) {
    daemon_.configure(instances);
    const Outcome outcome = reload();
    EXPECT_EQ(outcome.status, 0) << outcome.errors << daemon_.log();
    EXPECT_EQ(outcome.output, "the configuration is in force\n");
  }
  // Nothing has changed, and the reason has been said.
  void expect_refused(const std::string& instances, const std::string& part,
                      const std::string& daemon_keys = "", const std::string& socket_name = "ringpost.sock") {
    const std::string socket = daemon_.socket();
    const std::uint64_t producers = daemon_.status("kafkaid").producers_created;
    const std::size_t lives_before = lives(daemon_);
    daemon_.configure(instances, daemon_keys, socket_name);
    const Outcome outcome = run({program("ringpost"), "reload", "--socket", socket});
    EXPECT_EQ(outcome.status, 78) << outcome.output << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr(part));
    EXPECT_THAT(daemon_.log(), HasSubstr(part));
    EXPECT_EQ(lives(daemon_), lives_before);
    daemon_.configure(good());
    EXPECT_EQ(daemon_.status("kafkaid").producers_created, producers);
    EXPECT_THAT(run({program("ringpost"), "status", "--socket", socket}).output,
                HasSubstr("the configuration was not taken: "));
  }
  std::string good(const std::string& more = "") const {
    return instance("kafkaid", kafka_.brokers(), R"("orders")", more);
  }
  void publish(const std::string& to, const std::string& topic, std::uint64_t count) {
    Publisher publisher(daemon_.socket());
    for (std::uint64_t number = 0; number < count; ++number) {
      ASSERT_EQ(publisher.publish_patiently({to, topic, std::to_string(number), "key", {}}), 0)
          << ringpost_last_error_message();
    }
  }
  void expect_in_order(const std::string& topic, std::uint64_t count) const {
    const std::vector<Record> records = read_with_kcat(kafka_.brokers(), topic);
    ASSERT_EQ(records.size(), count) << "lost, or more than once";
    for (std::uint64_t number = 0; number < count; ++number)
      ASSERT_EQ(records[number].message, std::to_string(number));
  }
};

TEST_F(Reload, NobodyNoticesUnderTraffic) {
  const pid_t process = daemon_.process().pid();
  Traffic traffic(daemon_.socket());
  const std::uint32_t times = std::max(amount(4), 1U);
  for (std::uint32_t time = 0; time < times; ++time) {
    traffic.wait_for(2'000);
    // A topic more, and one less; an instance more, and one less.
    reload_with(time % 2 == 0 ? instance("kafkaid", kafka_.brokers(), R"("orders", "others")") +
                                    instance("another", kafka_.brokers(), R"("others")")
                              : good());
  }
  traffic.wait_for(2 * Traffic::kAhead);
  const std::uint32_t events = traffic.finish();
  EXPECT_EQ(traffic.duplicates(), 0U);
  EXPECT_EQ(traffic.refused(), 0U) << "a call failed";
  EXPECT_EQ(lives(daemon_), 1 + times);
  EXPECT_EQ(daemon_.process().pid(), process);
  EXPECT_EQ(read_file("/proc/" + std::to_string(process) + "/comm"), "ringpostd\n");
  reload_with(good());  // without what the taken away instance had for clients that were there then
  // Of descriptors nothing is left that was not closed when the process began anew.
  expect_all_delivered_and_forgotten(events);
}

TEST_F(Reload, TakesTopicsAndInstancesAndWhatIsTakenAwayHasAnEnd) {
  reload_with(instance("kafkaid", kafka_.brokers(), R"("orders", "others")") +
              instance("second", kafka_.brokers(), R"("others")"));
  publish("kafkaid", "others", kEach);
  daemon_.wait_until_delivered("kafkaid", kEach);
  daemon_.wait_until_connected("second");

  // Events of an instance that is taken away, and others that go on waiting.
  kafka_.pause();
  publish("kafkaid", "orders", kEach);
  publish("second", "others", kEach);
  ASSERT_TRUE(wait_until([&] {
    return daemon_.status("second").accepted == kEach && daemon_.status("kafkaid").accepted == 2 * kEach;
  }));
  reload_with(good("send_timeout = \"1h\""));
  EXPECT_TRUE(wait_until([&] { return daemon_.status("second").dead_letters == kEach; })) << daemon_.log();
  EXPECT_EQ(daemon_.status("second").accepted, kEach);
  EXPECT_EQ(daemon_.status("kafkaid").waiting, kEach);
  kafka_.resume();
  daemon_.wait_until_delivered("kafkaid", 2 * kEach);
  EXPECT_EQ(daemon_.audit(), "");
}

TEST_F(Reload, WhatIsWrongChangesNothing) {
  Traffic traffic(daemon_.socket());
  traffic.wait_for(1'000);
  const std::string file = daemon_.config_file();
  expect_refused(good("bufer_size = \"1MiB\""), file + ":9:1: instance.kafkaid.bufer_size: is not a key");
  expect_refused(good("[instance.kafkaid.librdkafka]\n\"no.such.property\" = \"1\""), "no.such.property");
  expect_refused("[instance", file + ":");
  expect_refused(good("username = \"x\"\npassword_file = \"/no/such/file\""), "/no/such/file");
  expect_refused(good(), "daemon.socket: is ", "", "elsewhere.sock");
  expect_refused(good(), "daemon.state_dir: is ", "state_dir = \"/elsewhere\"\n");
  traffic.wait_for(1'000);
  reload_with(good());
  EXPECT_THAT(run({program("ringpost"), "status", "--socket", daemon_.socket()}).output,
              Not(HasSubstr("was not taken")));
  traffic.wait_for(1'000);
  expect_all_delivered_and_forgotten(traffic.finish());
  EXPECT_EQ(traffic.duplicates(), 0U);
}

// What is queued goes on where it was, without being put on disk or sent twice.
TEST_F(Reload, WhatWaitsForKafkaWaitsOn) {
  kafka_.stop_broker(1);
  publish("kafkaid", "orders", 10 * kEach);
  ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").accepted == 10 * kEach; }));
  for (int time = 0; time < 2; ++time) reload_with(good());
  EXPECT_EQ(daemon_.status("kafkaid").waiting, 10 * kEach);
  EXPECT_EQ(daemon_.status("kafkaid").waiting_on_disk, 0U);
  kafka_.start_broker(1);
  daemon_.wait_until_delivered("kafkaid", 10 * kEach);
  expect_in_order("orders", 10 * kEach);
}

// Whatever becomes of the file meanwhile.
TEST_F(Reload, WhatWasJudgedIsWhatRuns) {
  kafka_.pause();
  publish("kafkaid", "orders", kEach);  // inside librdkafka: the stop takes 2 s
  ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").accepted == kEach; }));
  daemon_.configure(good() + instance("second", kafka_.brokers()));
  daemon_.process().signal(SIGHUP);
  ASSERT_TRUE(wait_until([&] { return daemon_.log().find("begins anew") != std::string::npos; }));
  daemon_.configure("[instance");
  ASSERT_TRUE(wait_until([&] { return lives(daemon_) == 2; })) << daemon_.log();
  EXPECT_EQ(daemon_.status("second").accepted, 0U);
  expect_refused("[instance", daemon_.config_file() + ":");
}

// What comes while it begins anew is for who has begun anew.
TEST_F(Reload, AnotherSignalMeanwhile) {
  kafka_.pause();
  publish("kafkaid", "orders", kEach);  // inside librdkafka: the stop takes 2 s
  ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").accepted == kEach; }));
  daemon_.process().signal(SIGHUP);
  ASSERT_TRUE(wait_until([&] { return daemon_.log().find("begins anew") != std::string::npos; }));
  daemon_.configure(good() + instance("late", kafka_.brokers()));
  daemon_.process().signal(SIGHUP);
  EXPECT_TRUE(wait_until([&] { return daemon_.log().find("instance late: ") != std::string::npos; }))
      << daemon_.log();
  EXPECT_TRUE(wait_until([&] { return lives(daemon_) == 3; })) << daemon_.log();

  daemon_.process().signal(SIGHUP);
  ASSERT_TRUE(wait_until([&] {
    return daemon_.log().find("begins anew", daemon_.log().rfind(" serves ")) != std::string::npos;
  }));
  daemon_.process().signal(SIGTERM);
  EXPECT_EQ(daemon_.process().wait(), 0) << daemon_.log();
  EXPECT_EQ(lives(daemon_), 4U);
  kafka_.resume();
  daemon_.start();
  daemon_.wait_until_delivered("kafkaid", kEach);
}

TEST_F(Reload, AKeeperThatIsAwayIsWaitedForOrMissed) {
  keeper_.process().signal(SIGSTOP);
  daemon_.process().signal(SIGHUP);
  ASSERT_TRUE(wait_until([&] { return daemon_.log().find("begins anew") != std::string::npos; }));
  keeper_.process().signal(SIGCONT);
  ASSERT_TRUE(wait_until([&] { return lives(daemon_) == 2; })) << daemon_.log();
  keeper_.kill();
  ASSERT_TRUE(wait_until([&] { return daemon_.log().find("the keeper is away") != std::string::npos; }));
  expect_refused(good(), "the keeper is away: reload again when it is back");
}

#if !defined(RINGPOST_SANITIZER_ADDRESS) && !defined(RINGPOST_SANITIZER_THREAD)
// It can be judged to be good, and ask for more than this machine has: then the one before is in force again.
TEST_F(Reload, WhatCannotBeServedIsTakenBack) {
  Traffic traffic(daemon_.socket());
  traffic.wait_for(1'000);
  const rlimit address_space{std::uint64_t{4} << 30, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(daemon_.process().pid(), RLIMIT_AS, &address_space, nullptr), 0);
  daemon_.configure(good() + instance("large", kafka_.brokers(), R"("orders")", "buffer_size = \"8GiB\""));
  const Outcome outcome = reload();
  EXPECT_EQ(outcome.status, 78) << outcome.output << daemon_.log();
  EXPECT_THAT(outcome.errors, HasSubstr("ringpost reload: not taken: ringpostd can't run: "));
  EXPECT_THAT(daemon_.log(), HasSubstr("going back to the configuration that ran before"));
  traffic.wait_for(1'000);
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(daemon_.process().pid(), RLIMIT_AS, &none, nullptr), 0);
  reload_with(good());
  traffic.wait_for(1'000);
  expect_all_delivered_and_forgotten(traffic.finish());
  EXPECT_EQ(traffic.refused(), 0U);
  EXPECT_EQ(traffic.duplicates(), 0U);
}
#endif

TEST(ReloadAlone, WithoutAKeeperItIsRefused) {
  const MockCluster kafka({"orders"}, 1);
  const std::string instances =
      "[instance.kafkaid]\nbrokers = [\"" + kafka.brokers() + "\"]\ntopics = [\"orders\"]\n";
  Daemon daemon(instances);
  const Outcome outcome = run({program("ringpost"), "reload", "--socket", daemon.socket()});
  EXPECT_EQ(outcome.status, 78);
  EXPECT_THAT(outcome.errors, HasSubstr("the configuration is good, but without a keeper calls would fail"));
  EXPECT_EQ(lives(daemon), 1U);
}

// The keeper as the parent: it passes the signal on.
TEST(ReloadAlone, UnderAKeeperThatIsItsParent) {
  const MockCluster kafka({"orders", "others"}, 1);
  const auto configuration = [&](const std::string& topics) {
    return "[instance.kafkaid]\nbrokers = [\"" + kafka.brokers() + "\"]\ntopics = [" + topics + "]\n";
  };
  Daemon daemon(configuration("\"orders\""));
  daemon.stop();
  daemon.launch({program("ringpost-keeper"), "--"});
  daemon.wait_until_serving();
  daemon.wait_until_connected("kafkaid");
  Traffic traffic(daemon.socket());
  for (std::size_t time = 0; time < 3; ++time) {
    traffic.wait_for(1'000);
    daemon.configure(configuration(time % 2 == 0 ? R"("orders", "others")" : R"("orders")"));
    daemon.process().signal(SIGHUP);
    ASSERT_TRUE(wait_until([&] { return lives(daemon) == time + 2; })) << daemon.log();
  }
  traffic.wait_for(Traffic::kAhead);
  const std::uint32_t events = traffic.finish();
  EXPECT_EQ(traffic.refused(), 0U);
  EXPECT_EQ(traffic.duplicates(), 0U);
  daemon.wait_until_delivered("kafkaid", events);
  EXPECT_THAT(daemon.log(), Not(HasSubstr("is started again")));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
