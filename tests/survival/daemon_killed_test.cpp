// ringpostd is killed again and again while events flow: none is lost, none overtakes another of its key, the script hosts
// notice nothing, and what comes twice carries its identity twice.
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "tests/attack/amount.hpp"
#include "tests/attack/shared_file.hpp"
#include "tests/attack/tail.hpp"
#include "tests/attack/token.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/survival/keeper.hpp"

namespace ringpost::tests {
namespace {

class DaemonKilled : public testing::Test {
 protected:
  DaemonKilled() { daemon_.wait_until_connected("kafkaid"); }

  // 8 threads of 3 processes, which hand a token around and publish in turn.
  void start_publishers(std::uint32_t events, const char* way) {
    events_ = events;
    constexpr std::array<std::uint32_t, 4> kFirstSeats{0, 3, 6, kSeats};
    for (std::size_t process = 0; process + 1 < kFirstSeats.size(); ++process) {
      publishers_.push_back(std::make_unique<Process>(
          std::vector<std::string>{program("token_publishers"), daemon_.socket(), directory_.file("table"),
                                   std::to_string(kFirstSeats[process]),
                                   std::to_string(kFirstSeats[process + 1] - kFirstSeats[process]),
                                   std::to_string(events_), std::to_string(kAhead), "10", way}));
    }
    ASSERT_TRUE(wait_until([&] { return table_->seated == kSeats; })) << errors();
    hand_over(*table_, 0);
  }

  // Every number in order, after the later occurrences of an id are left out; `meanwhile` is called after each.
  template <typename Meanwhile>
  void expect_all_in_order(Meanwhile meanwhile) {
    std::unordered_map<std::int64_t, std::string> ids;
    for (std::uint32_t next = 0; next < events_;) {
      const std::int64_t number = number_in(tail_.next());
      const auto known = ids.emplace(number, tail_.id());
      if (!known.second) {
        ASSERT_EQ(known.first->second, tail_.id()) << number << " came twice, as two events";
        ++duplicates_;
        continue;
      }
      ASSERT_EQ(number, next) << table_->published << " published; " << errors() << daemon_.log();
      table_->consumed.store(++next, std::memory_order_relaxed);  // read by publish_number
      meanwhile(number);
    }
  }

  void expect_counts() {
    for (const auto& publishers : publishers_) EXPECT_EQ(publishers->wait(), 0) << publishers->errors();
    daemon_.wait_until_delivered("kafkaid", events_);
    const InstanceStatus status = daemon_.status("kafkaid");
    EXPECT_EQ(status.accepted, events_);
    EXPECT_EQ(status.dead_letters, 0U);
    EXPECT_EQ(table_->attempted, events_ + table_->refused);
  }

  std::string errors() const {
    std::string all;
    for (const auto& publishers : publishers_) all += publishers->errors();
    return all;
  }

  static constexpr std::uint32_t kAhead = 8'000;  // of what has arrived: the cluster keeps the last 5 MB only

  std::uint32_t events_ = 0;
  std::uint64_t duplicates_ = 0;
  TemporaryDirectory directory_;
  const SharedFile<TokenTable> table_{directory_.file("table")};
  MockCluster kafka_{{"orders"}, 1};
  Keeper keeper_;
  Daemon daemon_{"[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [\"orders\"]\n", "",
                 keeper_.environment()};
  Tail tail_{daemon_.socket(), "orders"};
  std::vector<std::unique_ptr<Process>> publishers_;
};

TEST_F(DaemonKilled, AtAnyInstantUnderTraffic) {
  const std::uint32_t kills = amount(40);
  const std::uint32_t each = 2'000;
  ASSERT_NO_FATAL_FAILURE(start_publishers(kills * each + each, "stay"));
  std::mt19937 random(20261123);
  std::uint32_t next_kill = each;
  ASSERT_NO_FATAL_FAILURE(expect_all_in_order([&](std::int64_t number) {
    if (number < next_kill) return;
    next_kill += each / 2 + static_cast<std::uint32_t>(random() % each);
    daemon_.kill();
    daemon_.start();
  }));
  expect_counts();
  // What one window holds may have been under way at each death.
  EXPECT_LE(duplicates_, std::uint64_t{kills} * 2 * kAhead);
}

TEST_F(DaemonKilled, WhereClientsComeAndGo) {
  const std::uint32_t kills = amount(10);
  const std::uint32_t each = 6'000;
  ASSERT_NO_FATAL_FAILURE(start_publishers(kills * each + each, "come-and-go"));
  ASSERT_NO_FATAL_FAILURE(expect_all_in_order([&](std::int64_t number) {
    if (number % each != each - 1) return;
    daemon_.kill();
    daemon_.start();
  }));
  expect_counts();
}

TEST_F(DaemonKilled, StoppedAndStartedAgainUnderTraffic) {
  const std::uint32_t stops = amount(20);
  const std::uint32_t each = 3'000;
  ASSERT_NO_FATAL_FAILURE(start_publishers(stops * each + each, "stay"));
  ASSERT_NO_FATAL_FAILURE(expect_all_in_order([&](std::int64_t number) {
    if (number % each != each - 1) return;
    EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
    daemon_.start();
  }));
  expect_counts();
  EXPECT_EQ(duplicates_, 0U) << "a clean stop leaves nothing in flight";
}

TEST_F(DaemonKilled, WhileTheBrokerIsAway) {
  const std::uint32_t kills = amount(10);
  const std::uint32_t each = 4'000;
  ASSERT_NO_FATAL_FAILURE(start_publishers(kills * each + each, "stay"));
  ASSERT_NO_FATAL_FAILURE(expect_all_in_order([&](std::int64_t number) {
    if (number % each != each - 1) return;
    kafka_.pause();
    const std::uint32_t all = std::min(events_, static_cast<std::uint32_t>(number) + 1 + kAhead);
    for (int deaths = 0; deaths < 3; ++deaths) {
      daemon_.kill();
      daemon_.start();
    }
    // Publishers go on, into their lanes and into the arena of the daemon that lives.
    EXPECT_TRUE(wait_until([&] { return table_->published == all; })) << table_->published << errors();
    kafka_.resume();
  }));
  expect_counts();
}

}  // namespace
}  // namespace ringpost::tests
