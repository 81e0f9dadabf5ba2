#include "ipc/clock.hpp"

#include <algorithm>
#include <limits>

namespace ringpost::ipc {

bool monotonic_clock_is_fine() {
  // The smallest step out of many: a preempted reading is long, but a coarse clock never makes a short one.
  constexpr int kReadings = 200;
  constexpr std::int64_t kFineNs = 1'000;
  std::int64_t smallest_step_ns = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = monotonic_ns();
  for (int reading = 0; reading < kReadings; ++reading) {
    const std::int64_t now = monotonic_ns();
    if (now != last) smallest_step_ns = std::min(smallest_step_ns, now - last);
    last = now;
  }
  return smallest_step_ns < kFineNs;
}

}  // namespace ringpost::ipc
