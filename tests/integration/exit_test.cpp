// What publish() accepted arrives, once and in order, however the process ends that called it.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/support/daemon.hpp"

namespace ringpost::tests {
namespace {

constexpr std::size_t kEventsPerRun = 1'000;

// `publisher`: the command line of publish_and_die, without its arguments.
void expect_all_of(std::size_t runs, const std::vector<std::string>& publisher) {
  Daemon daemon(R"(
[instance.kafkaid]
brokers = "embedded"
partitions = 16
topics = ["orders"]
)");
  daemon.wait_until_connected("kafkaid");

  for (std::size_t number = 0; number < runs; ++number) {
    const bool killed = number % 2 == 1;
    std::vector<std::string> command = publisher;
    command.insert(command.end(), {daemon.socket(), "kafkaid", "orders", std::to_string(number),
                                   std::to_string(kEventsPerRun), killed ? "kill" : "exit"});
    const Outcome outcome = run(command);
    ASSERT_EQ(outcome.status, killed ? -SIGKILL : 0) << "run " << number << ": " << outcome.errors;
  }
  daemon.wait_until_delivered("kafkaid", runs * kEventsPerRun);

  // A run has one key, so one partition, so one order: the next event of each run is the only one that may
  // come.
  std::vector<std::size_t> next(runs, 0);
  for (const Record& record : daemon.consume("kafkaid", "orders")) {
    const boost::json::value message = boost::json::parse(record.message);
    const auto run_number = message.at("run").to_number<std::size_t>();
    ASSERT_EQ(message.at("n").to_number<std::size_t>(), next.at(run_number)++) << "run " << run_number;
    ASSERT_EQ(record.key, "run-" + std::to_string(run_number));
  }
  EXPECT_EQ(next, std::vector<std::size_t>(runs, kEventsPerRun));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

TEST(Exit, EveryEventOfAProcessThatEndsAtOnceArrivesOnce) {
  expect_all_of(200, {program("publish_and_die")});
}

#ifdef RINGPOST_AARCH64
// The client library that is built for 64-bit ARM, by an emulator, into the rings of this processor's daemon.
TEST(Exit, OfAProcessOnAnotherProcessor) {
  expect_all_of(20,
                {"qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", RINGPOST_AARCH64 "/bin/publish_and_die"});
}
#endif

}  // namespace
}  // namespace ringpost::tests
