// Order across lanes with real threads: whoever holds the token publishes into a lane of its own and hands
// the token on. The drainer must see the numbers in the order of the hand-overs, whatever its budgets, with
// lanes that come meanwhile.
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/instance/drain.hpp"
#include "lanes.hpp"

namespace ringpost::daemon {
namespace {

constexpr int kThreads = 4;
constexpr int kEvents = 6'000;
constexpr int kEventsPerLane = 100;  // then the thread opens another: lanes come during the run

// Registration as the daemon does it: on the drainer's thread, before the lane is given out.
class LaneOffice {
 public:
  std::shared_ptr<test::HonestLane> open() {
    const std::uint64_t id = next_id_.fetch_add(1);
    auto lane = std::make_shared<test::HonestLane>(test::make_client(id), id, 0);
    std::atomic<bool> registered = false;
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({lane, &registered});
    }
    while (!registered.load(std::memory_order_acquire)) std::this_thread::yield();
    return lane;
  }
  void register_waiting(Drain& drain) {
    const std::lock_guard lock(mutex_);
    for (const auto& [lane, registered] : waiting_) {
      drain.feeds().push_back(lane->feed());
      lanes_.push_back(lane);
      registered->store(true, std::memory_order_release);
    }
    waiting_.clear();
  }

 private:
  std::atomic<std::uint64_t> next_id_ = 1;
  std::mutex mutex_;
  std::vector<std::pair<std::shared_ptr<test::HonestLane>, std::atomic<bool>*>> waiting_;
  std::vector<std::shared_ptr<test::HonestLane>> lanes_;
};

class DrainOrder : public testing::TestWithParam<DrainBudget> {};

TEST_P(DrainOrder, IsTheOrderOfTheHandOvers) {
  LaneOffice office;
  std::atomic<int> token = 0;  // the number of the next event; thread token % kThreads publishes it
  std::vector<std::thread> publishers;
  publishers.reserve(kThreads);
  for (int self = 0; self < kThreads; ++self) {
    publishers.emplace_back([&, self] {
      std::shared_ptr<test::HonestLane> lane = office.open();
      for (int mine = self, count = 0; mine < kEvents; mine += kThreads, ++count) {
        while (token.load(std::memory_order_acquire) != mine) std::this_thread::yield();
        if (count % kEventsPerLane == kEventsPerLane - 1) lane = office.open();
        while (!lane->publish("t", std::to_string(mine))) std::this_thread::yield();
        token.store(mine + 1, std::memory_order_release);
      }
    });
  }

  Drain drain(GetParam());
  int expected = 0;
  bool in_order = true;
  while (expected < kEvents && in_order) {
    office.register_waiting(drain);
    drain.round([&](LaneFeed& feed, std::int64_t, std::span<const std::byte> bytes) {
      in_order = in_order && test::message_of(bytes) == std::to_string(expected);
      ++expected;
      ipc::LaneReader::release(feed.client().board.released(feed.slot()), feed.position_behind_front());
      return true;
    });
  }
  EXPECT_TRUE(in_order) << "at event " << expected;
  token.store(in_order ? kEvents : -1);
  if (!in_order) std::_Exit(1);  // the publishers wait for a token that never comes
  for (std::thread& publisher : publishers) publisher.join();
}

INSTANTIATE_TEST_SUITE_P(Budgets, DrainOrder,
                         testing::Values(DrainBudget{}, DrainBudget{64, 1}, DrainBudget{100, 3},
                                         DrainBudget{1'000, 2}));

}  // namespace
}  // namespace ringpost::daemon
