// What publish() accepted arrives, once and in order, however the process ends that called it.
#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/support/daemon.hpp"

namespace ringpost::tests {
namespace {

constexpr std::size_t kRuns = 200;
constexpr std::size_t kEventsPerRun = 1'000;

TEST(Exit, EveryEventOfAProcessThatEndsAtOnceArrivesOnce) {
  Daemon daemon(R"(
[instance.kafkaid]
brokers = "embedded"
partitions = 16
topics = ["orders"]
)");
  daemon.wait_until_connected("kafkaid");

  for (std::size_t number = 0; number < kRuns; ++number) {
    const bool killed = number % 2 == 1;
    const Outcome outcome =
        run({program("publish_and_die"), daemon.socket(), "kafkaid", "orders", std::to_string(number),
             std::to_string(kEventsPerRun), killed ? "kill" : "exit"});
    ASSERT_EQ(outcome.status, killed ? -SIGKILL : 0) << "run " << number << ": " << outcome.errors;
  }
  daemon.wait_until_delivered("kafkaid", kRuns * kEventsPerRun);

  // A run has one key, so one partition, so one order: the next event of each run is the only one that may
  // come.
  std::vector<std::size_t> next(kRuns, 0);
  for (const Record& record : daemon.consume("kafkaid", "orders")) {
    const boost::json::value message = boost::json::parse(record.message);
    const auto run_number = message.at("run").to_number<std::size_t>();
    ASSERT_EQ(message.at("n").to_number<std::size_t>(), next.at(run_number)++) << "run " << run_number;
    ASSERT_EQ(record.key, "run-" + std::to_string(run_number));
  }
  EXPECT_EQ(next, std::vector<std::size_t>(kRuns, kEventsPerRun));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
