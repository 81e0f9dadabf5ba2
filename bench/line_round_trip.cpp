#include "bench/line_round_trip.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <thread>

#include "bench/pinning.hpp"
#include "ipc/clock.hpp"

namespace ringpost::bench {
namespace {

constexpr std::uint32_t kTurns = 200;  // in a batch
constexpr std::size_t kBatches = 101;

}  // namespace

double line_round_trip_ns() {
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) return 0;
  alignas(128) std::atomic<std::uint32_t> ball{0};
  constexpr std::uint32_t kLast = kTurns * static_cast<std::uint32_t>(kBatches) * 2;
  std::thread other([&ball] {
    pin_to_cpu(1);
    for (std::uint32_t turn = 1; turn < kLast; turn += 2) {
      while (ball.load(std::memory_order_acquire) != turn) {  // pairs with the store below
      }
      ball.store(turn + 1, std::memory_order_release);  // pairs with the load below
    }
  });
  std::array<double, kBatches> batches{};
  {
    const PinnedFor here(0);
    std::uint32_t turn = 0;
    for (double& batch : batches) {
      const std::int64_t begin_ns = ipc::monotonic_ns();
      for (std::uint32_t at = 0; at < kTurns; ++at, turn += 2) {
        ball.store(turn + 1, std::memory_order_release);
        while (ball.load(std::memory_order_acquire) != turn + 2) {
        }
      }
      batch = static_cast<double>(ipc::monotonic_ns() - begin_ns) / kTurns;
    }
  }
  other.join();
  std::nth_element(batches.begin(), batches.begin() + kBatches / 2, batches.end());
  return batches[kBatches / 2];
}

}  // namespace ringpost::bench
