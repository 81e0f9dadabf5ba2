// The sleeping drainer: no publish may be left lying, at whatever instant around the arming of the doorbell it comes.
// There is no timer in here that could hide a lost wake-up: the test would hang, and ctest's time-out end it.
#include "ipc/doorbell.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>

#include "daemon/instance/drain.hpp"
#include "daemon/instance/sleeper.hpp"
#include "ipc/clock.hpp"
#include "lanes.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::uint32_t kPublishes = 100'000;

// What the publisher process and the drainer share beside the lane.
struct Shared {
  std::atomic<std::uint32_t> armed;
  std::atomic<std::uint32_t> consumed;
};

[[noreturn]] void publish_at_random_instants(test::HonestLane& lane, Shared& shared,
                                             const ipc::Descriptor& doorbell) {
  if (!ipc::register_for_barriers()) _exit(2);
  std::mt19937 random(static_cast<unsigned>(getpid()));
  std::uint32_t rung = 0;
  for (std::uint32_t number = 0; number < kPublishes; ++number) {
    while (shared.consumed.load(std::memory_order_acquire) != number) {
    }
    const std::int64_t instant_ns = ipc::monotonic_ns() + static_cast<std::int64_t>(random() % 500);
    while (ipc::monotonic_ns() < instant_ns) {
    }
    if (!lane.publish("t", "1")) _exit(3);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    const std::uint32_t armed = shared.armed.load(std::memory_order_relaxed);
    if (armed != 0 && armed != rung) {
      rung = armed;
      ipc::ring(doorbell);
    }
  }
  _exit(0);
}

TEST(Doorbell, NoPublishIsLeftLying) {
  ASSERT_TRUE(ipc::barriers_available())
      << "this kernel has no membarrier: the daemon would nap for ever, and this test shows nothing";
  const ipc::Descriptor memory = ipc::create_memory("doorbell-test", ipc::kPageBytes);
  const ipc::Mapping mapping = ipc::map(memory, ipc::Access::kReadWrite, 0, ipc::kPageBytes);
  auto& shared = *static_cast<Shared*>(mapping.get_address());
  const auto client = test::make_client(1);
  test::HonestLane lane(client, 1, 0);
  const ipc::Descriptor doorbell = ipc::create_doorbell();

  const pid_t publisher = ::fork();
  if (publisher == 0) publish_at_random_instants(lane, shared, doorbell);

  Sleeper sleeper(shared.armed);
  sleeper.watch_doorbell(1, ipc::Descriptor(::dup(doorbell.get())));
  Drain drain;
  drain.feeds().push_back(lane.feed());
  LaneFeed& feed = *drain.feeds().front();
  std::uint32_t sleeps = 0;
  while (shared.consumed.load(std::memory_order_relaxed) < kPublishes) {
    const DrainResult drained = drain.round([&](LaneFeed&, std::int64_t, std::span<const std::byte>) {
      shared.consumed.fetch_add(1, std::memory_order_release);
      return true;
    });
    if (drained.records != 0) {
      ipc::LaneReader::release(client->board.released(0), feed.position());
      continue;
    }
    ++sleeps;
    sleeper.sleep(0, [&] {
      feed.look();
      return !feed.empty();
    });
  }
  EXPECT_GT(sleeps, kPublishes / 100) << "it hardly ever slept: the test shows less than it should";
  int status = 0;
  ASSERT_EQ(::waitpid(publisher, &status, 0), publisher);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace ringpost::daemon
