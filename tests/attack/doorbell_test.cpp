// The sleeping daemon: no publish may be left lying, at whatever instant around the arming of the doorbell it comes. The
// whole of a call, in another process, against the sleeper that ringpostd has, which arms the moment it finds nothing.
// No timer is there to hide a lost wake-up.
#include "ipc/doorbell.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>

#include "daemon/instance/sleeper.hpp"
#include "tests/attack/amount.hpp"
#include "tests/attack/shared_file.hpp"
#include "tests/attack/turns.hpp"
#include "tests/client/fake_daemon.hpp"
#include "tests/support/process.hpp"

namespace ringpost::tests {
namespace {

class Doorbell : public testing::TestWithParam<std::uint32_t> {
 protected:
  // The sleeper for good, unless somebody rings.
  void take_until(daemon::Sleeper& sleeper, std::uint32_t count) {
    while (turns_->taken < count && !left_lying_) {
      const auto found = static_cast<std::uint32_t>(daemon_.drain().size());
      turns_->taken.fetch_add(found, std::memory_order_release);  // pairs with wait_until_taken
      if (found != 0) continue;
      ++sleeps_;
      sleeper.sleep(0, [&] { return daemon_.has_unseen(); });
    }
  }

  // Ends the test where nothing has moved for as long as the tests' deadline.
  void watch(daemon::Sleeper& sleeper, std::uint32_t count) {
    while (turns_->taken < count) {
      const std::uint32_t before = turns_->taken;
      if (wait_until([&] { return turns_->taken != before; })) continue;
      left_lying_ = true;
      sleeper.wake();
      return;
    }
  }

  FakeDaemon daemon_;
  TemporaryDirectory directory_;
  const SharedFile<Turns> turns_{directory_.file("turns")};
  std::uint32_t sleeps_ = 0;
  std::atomic<bool> left_lying_{false};
};

TEST_P(Doorbell, NoPublishIsLeftLying) {
  ASSERT_TRUE(ipc::barriers_available())
      << "this kernel has no membarrier: the daemon would nap for ever, and this test shows nothing";
  const std::uint32_t threads = GetParam();
  const std::uint32_t events = amount(300'000) / (threads * threads);
  Process publisher({program("ring_publisher"), daemon_.socket_path(), directory_.file("turns"),
                     std::to_string(threads), std::to_string(events)});
  ASSERT_TRUE(wait_until([&] { return turns_->connected != 0; })) << publisher.errors();

  daemon::Sleeper sleeper(daemon_.board().doorbell_armed);
  sleeper.watch_doorbell(1, daemon_.doorbell());
  const std::uint32_t count = threads * events;
  std::thread watcher([&] { watch(sleeper, count); });
  turns_->go = 1;
  take_until(sleeper, count);
  watcher.join();
  EXPECT_FALSE(left_lying_) << "after " << turns_->taken << " of " << count << " events, and " << sleeps_
                            << " sleeps";
  EXPECT_GT(sleeps_, events / 100) << "it hardly ever slept: the test shows less than it should";
  if (left_lying_) return;  // and the publisher waits for ever
  EXPECT_EQ(publisher.wait(), 0) << publisher.errors();
}

INSTANTIATE_TEST_SUITE_P(Threads, Doorbell, testing::Values(1U, 3U));

}  // namespace
}  // namespace ringpost::tests
