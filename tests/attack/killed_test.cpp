// Processes that end at any instant, in the middle of a call or between two: what publish had returned 0 for is delivered,
// once and in order; the event that was under way is delivered whole, or not at all.
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>

#include "tests/attack/account.hpp"
#include "tests/attack/amount.hpp"
#include "tests/attack/shared_file.hpp"
#include "tests/support/daemon.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint32_t kThreads = 2;
constexpr std::uint32_t kEventsOfAThread = 200;
constexpr std::size_t kPadding = 2'000;  // so that most of a call's time is spent inside it

class Killed : public testing::Test {
 protected:
  Killed() { daemon_.wait_until_connected("kafkaid"); }

  std::string accounts_file(std::uint32_t run_number) const {
    return directory_.file("accounts-" + std::to_string(run_number));
  }
  Process start(std::uint32_t run_number, const std::string& how) const {
    return Process({program("accountable_publisher"), daemon_.socket(), accounts_file(run_number), "orders",
                    std::to_string(run_number), std::to_string(kThreads), std::to_string(kEventsOfAThread),
                    std::to_string(kPadding), how});
  }

  // What arrived of each run and thread is what its account says, and nothing else arrived.
  void expect_accounts_to_hold(std::uint32_t runs) {
    ASSERT_TRUE(wait_until([&] {
      const InstanceStatus status = daemon_.status("kafkaid");
      return status.waiting == 0 && status.clients == 0;
    })) << daemon_.log();
    std::vector<std::array<std::uint32_t, kThreads>> arrived(runs);
    for (const Record& record : daemon_.consume("kafkaid", "orders")) {
      const boost::json::value message = boost::json::parse(record.message);
      const std::string by(message.at("by").as_string());
      ASSERT_EQ(record.key, by);
      ASSERT_EQ(message.at("pad").as_string().size(), kPadding);
      std::uint32_t& next = arrived.at(std::stoul(by)).at(std::stoul(by.substr(by.find('/') + 1)));
      ASSERT_EQ(message.at("n").to_number<std::uint32_t>(), next++) << by;
    }
    std::uint64_t sum = 0;
    for (std::uint32_t run_number = 0; run_number < runs; ++run_number) {
      const SharedFile<Accounts> accounts(accounts_file(run_number));
      for (std::size_t thread = 0; thread < kThreads; ++thread) {
        const Accounts::Account& account = accounts->of_thread.at(thread);
        EXPECT_GE(arrived[run_number].at(thread), account.accepted) << run_number << "/" << thread;
        EXPECT_LE(arrived[run_number].at(thread), account.attempted) << run_number << "/" << thread;
        under_way_ += account.attempted - account.accepted;
        sum += arrived[run_number].at(thread);
      }
    }
    const InstanceStatus status = daemon_.status("kafkaid");
    EXPECT_EQ(status.accepted, sum);
    EXPECT_EQ(status.delivered, sum);
    EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
  }

  TemporaryDirectory directory_;
  Daemon daemon_{"[instance.kafkaid]\nbrokers = \"embedded\"\npartitions = 16\ntopics = [\"orders\"]\n"};
  std::uint32_t under_way_ = 0;  // calls that had not returned
};

TEST_F(Killed, AtAnyInstant) {
  const std::uint32_t runs = amount(200);
  std::mt19937 random(20261123);
  for (std::uint32_t run_number = 0; run_number < runs; ++run_number) {
    const SharedFile<Accounts> accounts(accounts_file(run_number));
    Process publisher = start(run_number, "until-killed");
    const auto instant = static_cast<std::uint32_t>(random() % (kEventsOfAThread + 10));
    const auto& account = accounts->of_thread[run_number % kThreads];
    while (account.attempted < instant && publisher.running() && account.accepted < kEventsOfAThread)
      std::this_thread::yield();
    publisher.signal(SIGKILL);
    ASSERT_EQ(publisher.wait(), -SIGKILL) << publisher.errors();
  }
  ASSERT_NO_FATAL_FAILURE(expect_accounts_to_hold(runs));
  EXPECT_GT(under_way_, 0U) << "nobody was killed in the middle of a call";
}

TEST_F(Killed, ByExitInAnotherThread) {
  const std::uint32_t runs = amount(50);
  for (std::uint32_t run_number = 0; run_number < runs; ++run_number) {
    Process publisher = start(run_number, "exit");
    ASSERT_EQ(publisher.wait(), 0) << publisher.errors();
  }
  expect_accounts_to_hold(runs);
}

}  // namespace
}  // namespace ringpost::tests
