// Another configuration across a restart: what waits has a defined end, whoever publishes a defined answer, and what the
// change does not touch goes on.
#include <gmock/gmock.h>

#include "tests/control/raw_client.hpp"
#include "tests/support/publisher.hpp"
#include "tests/survival/survival.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kEach = 200;

class ChangedConfiguration : public Survival {
 protected:
  void publish(const std::string& to, const std::string& topic, std::uint64_t count,
               const std::string& message = "{}") {
    const Event event{to, topic, message, "key", {}};
    for (std::uint64_t number = 0; number < count; ++number)
      ASSERT_EQ(publisher_.publish_patiently(event), 0) << ringpost_last_error_message();
  }

  // Events that wait in the arena and, after the death, in the lanes.
  void die_with_events_waiting(const std::vector<std::string>& topics, const std::string& message = "{}") {
    kafka_.pause();
    for (const std::string& topic : topics) publish("kafkaid", topic, kEach, message);
    ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").accepted == topics.size() * kEach; }));
    daemon_.kill();
    for (const std::string& topic : topics) publish("kafkaid", topic, kEach, message);
  }

  void start_with(const std::string& instances, const std::string& socket_name = "ringpost.sock") {
    daemon_.configure(instances, "", socket_name);
    daemon_.start();
    kafka_.resume();
  }

  void expect_ends(const std::string& name, std::uint64_t delivered, std::uint64_t dead) {
    EXPECT_TRUE(wait_until([&] { return daemon_.status(name).waiting == 0; })) << daemon_.log();
    const InstanceStatus status = daemon_.status(name);
    EXPECT_EQ(status.delivered, delivered) << daemon_.log();
    EXPECT_EQ(status.dead_letters, dead) << daemon_.log();
    EXPECT_EQ(status.accepted, delivered + dead);
  }

  // The answer that the client's boards give once it uses those of the daemon that runs. How often it was OK before.
  std::uint64_t expect_answer(int code, const std::string& to, const std::string& topic) {
    int last = 0;
    std::uint64_t accepted = 0;
    EXPECT_TRUE(wait_until([&] {
      last = publisher_.publish({to, topic, "{}", "key", {}});
      if (last == 0) ++accepted;
      return last == code;
    })) << last
        << " " << ringpost_last_error_message();
    return accepted;
  }

  std::string both_topics(const std::string& more = "") const {
    return instance("kafkaid", kafka_.brokers(), R"("orders", "others")", more);
  }

  Publisher publisher_{daemon_.socket()};
};

TEST_F(ChangedConfiguration, ATopicTakenOffTheList) {
  daemon_.stop();
  start_with(both_topics());
  const std::uint64_t before = expect_answer(0, "kafkaid", "others");
  daemon_.wait_until_delivered("kafkaid", before);
  kafka_.pause();
  publish("kafkaid", "orders", kEach);
  publish("kafkaid", "others", kEach);
  ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").accepted == before + 2 * kEach; }));
  daemon_.kill();
  publish("kafkaid", "orders", kEach);
  publish("kafkaid", "others", kEach);
  start_with(instance("kafkaid", kafka_.brokers()));
  expect_ends("kafkaid", before + 2 * kEach, 2 * kEach);
  EXPECT_THAT(daemon_.log(), HasSubstr("topic_removed"));
  expect_answer(RINGPOST_UNKNOWN_TOPIC, "kafkaid", "others");
  expect_ends("kafkaid", before + 2 * kEach, daemon_.status("kafkaid").dead_letters);
}

TEST_F(ChangedConfiguration, AnInstanceSwitchedOff) {
  ASSERT_NO_FATAL_FAILURE(die_with_events_waiting({"orders"}));
  start_with(instance("kafkaid", kafka_.brokers(), R"("orders")", "enabled = false"));
  expect_ends("kafkaid", 2 * kEach, 0);
  expect_answer(RINGPOST_DISABLED, "kafkaid", "orders");
  daemon_.stop();
  start_with(instance("kafkaid", kafka_.brokers()));
  expect_answer(0, "kafkaid", "orders");
}

TEST_F(ChangedConfiguration, InstancesInAnotherOrderAndOneMore) {
  daemon_.stop();
  start_with(instance("kafkaid", kafka_.brokers()) +
             instance("second", kafka_.brokers(), R"("orders", "others")"));
  expect_answer(0, "second", "others");
  daemon_.wait_until_delivered("second", 1);
  ASSERT_NO_FATAL_FAILURE(die_with_events_waiting({"orders"}));
  publish("second", "others", kEach);
  start_with(instance("first", kafka_.brokers()) + instance("second", kafka_.brokers(), R"("others")") +
             instance("kafkaid", kafka_.brokers()));
  expect_ends("kafkaid", 2 * kEach, 0);
  expect_ends("second", 1 + kEach, 0);
  expect_answer(0, "first", "orders");
  expect_answer(0, "kafkaid", "orders");
  expect_answer(0, "second", "others");
  expect_ends("first", 1, 0);
  expect_ends("kafkaid", 2 * kEach + 1, 0);
  expect_ends("second", 1 + kEach + 1, 0);
}

TEST_F(ChangedConfiguration, SizesBothWays) {
  const std::string large(500'000, ' ');
  daemon_.stop();
  start_with(
      instance("kafkaid", kafka_.brokers(), R"("orders")", "buffer_size = \"512MiB\"\nlane_size = \"8MiB\""));
  kafka_.pause();
  publish("kafkaid", "orders", 10, "{}" + large);
  publish("kafkaid", "orders", kEach);
  daemon_.kill();
  const std::string small = "buffer_size = \"64MiB\"\nlane_size = \"1MiB\"\nmax_event_size = \"64KiB\"";
  start_with(instance("kafkaid", kafka_.brokers(), R"("orders")", small));
  expect_ends("kafkaid", kEach, 10);
  EXPECT_THAT(daemon_.log(), HasSubstr("too_large"));
  expect_answer(0, "kafkaid", "orders");
  EXPECT_EQ(publisher_.publish({"kafkaid", "orders", "{}" + large, "key", {}}), RINGPOST_MESSAGE_TOO_LARGE);
  daemon_.stop();
  start_with(instance("kafkaid", kafka_.brokers()));
  expect_answer(0, "kafkaid", "orders");
  EXPECT_TRUE(wait_until([&] {
    return publisher_.publish({"kafkaid", "orders", "{}" + large, "key", {}}) == 0;
  })) << ringpost_last_error_message();
  expect_ends("kafkaid", kEach + 3, 10);
}

TEST_F(ChangedConfiguration, AnotherSocket) {
  const std::string before = daemon_.socket();
  ASSERT_NO_FATAL_FAILURE(die_with_events_waiting({"orders"}));
  start_with(instance("kafkaid", kafka_.brokers()), "elsewhere.sock");
  expect_ends("kafkaid", 2 * kEach, 0);
  publish("kafkaid", "orders", kEach);  // over the connection from before
  expect_ends("kafkaid", 3 * kEach, 0);
  EXPECT_THROW(RawClient{before}, std::runtime_error);
  RawClient newcomer(daemon_.socket());
  EXPECT_EQ(newcomer.hello().frame.header.type, ipc::FrameType::kWelcome);
}

}  // namespace
}  // namespace ringpost::tests
