// Promise 3 against real processes: events of one key that are published one after the other, by 8 threads of 3 processes
// which hand a token around, arrive in the order of the hand-overs, each once.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "ipc/clock.hpp"
#include "tests/attack/amount.hpp"
#include "tests/attack/liar.hpp"
#include "tests/attack/shared_file.hpp"
#include "tests/attack/tail.hpp"
#include "tests/attack/token.hpp"
#include "tests/support/daemon.hpp"

namespace ringpost::tests {
namespace {

struct Way {
  std::uint32_t events = 60'000;
  std::string lane_size = "4MiB";
  std::uint32_t ahead = 8'000;  // of what has arrived, so that the cluster still has it
  std::uint32_t padding = 10;
  std::string publishers = "stay";
};

class Order : public testing::Test {
 protected:
  void start(const Way& way) {
    events_ = std::max(amount(way.events), 3 * way.ahead);
    daemon_ = std::make_unique<Daemon>(
        "[instance.kafkaid]\nbrokers = \"embedded\"\npartitions = 1\n"
        "topics = [\"orders\", \"noise\"]\nlane_size = \"" +
        way.lane_size + "\"\n");
    daemon_->wait_until_connected("kafkaid");
    tail_ = std::make_unique<Tail>(daemon_->socket(), "orders");
    constexpr std::array<std::uint32_t, 4> kFirstSeats{0, 3, 6, kSeats};
    for (std::size_t process = 0; process + 1 < kFirstSeats.size(); ++process) {
      publishers_.push_back(std::make_unique<Process>(std::vector<std::string>{
          program("token_publishers"), daemon_->socket(), directory_.file("table"),
          std::to_string(kFirstSeats[process]),
          std::to_string(kFirstSeats[process + 1] - kFirstSeats[process]), std::to_string(events_),
          std::to_string(way.ahead), std::to_string(way.padding), way.publishers}));
    }
    ASSERT_TRUE(wait_until([&] { return table_->seated == kSeats; })) << errors();
    hand_over(*table_, 0);
  }

  // Every number, in order; `meanwhile` is called from the same thread after each.
  template <typename Meanwhile>
  void expect_all_in_order(Meanwhile meanwhile) {
    for (std::uint32_t number = 0; number < events_; ++number) {
      const std::string message = tail_->next();
      ASSERT_EQ(number_in(message), number)
          << message.substr(0, 30) << " came; " << table_->published << " published; " << errors();
      table_->consumed.store(number + 1, std::memory_order_relaxed);  // read by publish_number
      meanwhile(number);
    }
  }
  void expect_all_in_order() {
    expect_all_in_order([](std::uint32_t) {});
  }

  // Everything that anybody did is in the daemon's counts.
  void expect_counts(std::uint64_t noise) {
    for (const auto& publishers : publishers_) EXPECT_EQ(publishers->wait(), 0) << publishers->errors();
    daemon_->wait_until_delivered("kafkaid", events_ + noise);
    EXPECT_EQ(table_->attempted, events_ + table_->refused);
    InstanceStatus status;
    EXPECT_TRUE(wait_until([&] {
      status = daemon_->status("kafkaid");
      std::uint64_t refused = 0;
      for (const auto& [code, count] : status.refused) refused += count;
      return refused == table_->refused;
    })) << table_->refused;
    EXPECT_EQ(status.accepted, events_ + noise);
    EXPECT_EQ(daemon_->stop(), 0) << daemon_->log();
  }

  std::string errors() const {
    std::string all;
    for (const auto& publishers : publishers_) all += publishers->errors();
    return all;
  }

  std::uint32_t events_ = 0;
  TemporaryDirectory directory_;
  const SharedFile<TokenTable> table_{directory_.file("table")};
  std::unique_ptr<Daemon> daemon_;
  std::unique_ptr<Tail> tail_;
  std::vector<std::unique_ptr<Process>> publishers_;
};

TEST_F(Order, IsThatOfTheHandOvers) {
  ASSERT_NO_FATAL_FAILURE(start({.events = 200'000}));
  ASSERT_NO_FATAL_FAILURE(expect_all_in_order());
  expect_counts(0);
}

// The daemon stands still until every publisher waits for it: when it goes on, each lane holds several times the 256 KiB
// that a round copies of it.
TEST_F(Order, WhereRoundsAreCutOff) {
  const Way way{
      .events = 60'000, .lane_size = "2MiB", .ahead = 8'000, .padding = 1'000, .publishers = "stay"};
  ASSERT_NO_FATAL_FAILURE(start(way));
  std::uint32_t stops = 0;
  ASSERT_NO_FATAL_FAILURE(expect_all_in_order([&](std::uint32_t number) {
    if (number % way.ahead != 0) return;
    daemon_->process().signal(SIGSTOP);
    const std::uint32_t all = std::min(events_, number + 1 + way.ahead);
    EXPECT_TRUE(wait_until([&] { return table_->published == all || table_->refused != 0; })) << errors();
    daemon_->process().signal(SIGCONT);
    ++stops;
  }));
  EXPECT_GT(stops, 2U);
  expect_counts(0);
}

TEST_F(Order, WhereLanesComeAndGo) {
  ASSERT_NO_FATAL_FAILURE(start({.publishers = "come-and-go"}));
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> noise{0};
  std::thread others([&] {
    for (std::uint32_t run_number = 0; !over; ++run_number) {
      const Outcome outcome = run({program("publish_and_die"), daemon_->socket(), "kafkaid", "noise",
                                   std::to_string(run_number), "50", run_number % 2 == 0 ? "exit" : "kill"});
      EXPECT_EQ(outcome.status, run_number % 2 == 0 ? 0 : -SIGKILL) << outcome.errors;
      noise += 50;
    }
  });
  expect_all_in_order();
  over = true;
  others.join();
  EXPECT_GT(noise, 0U);
  if (!HasFatalFailure()) expect_counts(noise);
}

TEST_F(Order, BesideClientsThatLieAboutTheTime) {
  ASSERT_NO_FATAL_FAILURE(start({}));
  std::vector<std::unique_ptr<Liar>> liars;
  liars.reserve(3);
  for (int count = 0; count < 3; ++count) liars.push_back(std::make_unique<Liar>(daemon_->socket()));
  std::mt19937_64 random(20261123);
  const auto lie = [&](Liar& liar) {
    constexpr std::int64_t kHourNs = 3'600'000'000'000;
    const std::int64_t now_ns = ipc::monotonic_ns();
    const std::array<std::int64_t, 7> stamps{0,
                                             std::numeric_limits<std::int64_t>::min(),
                                             std::numeric_limits<std::int64_t>::max(),
                                             now_ns - kHourNs,
                                             now_ns + kHourNs,
                                             now_ns + static_cast<std::int64_t>(random() % 2'000'000),
                                             now_ns - static_cast<std::int64_t>(random() % 2'000'000)};
    for (std::uint64_t count = random() % 8; count != 0; --count)
      if (!liar.write("noise", "1", stamps.at(random() % stamps.size()))) break;
    liar.show();
  };
  ASSERT_NO_FATAL_FAILURE(expect_all_in_order([&](std::uint32_t number) {
    if (number % 16 == 0) lie(*liars.at(random() % liars.size()));
  }));
  std::uint64_t lies = 0;
  for (const auto& liar : liars) lies += liar->written();
  EXPECT_GT(lies, events_ / 32);
  expect_counts(lies);
}

}  // namespace
}  // namespace ringpost::tests
