#include "daemon/control/clock_check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringpost::daemon {

std::optional<std::string> clock_problem(std::int64_t hello_ns_untrusted, std::int64_t not_before_ns,
                                         std::int64_t now_ns) {
  const std::int64_t earliest_ns = std::max(not_before_ns - kClockSlackNs, now_ns - kHelloAgeMaxNs);
  if (hello_ns_untrusted >= earliest_ns && hello_ns_untrusted <= now_ns + kClockSlackNs) return std::nullopt;
  // In floating point, for the client may have sent any 64 bits.
  const double ahead_s = (static_cast<double>(hello_ns_untrusted) - static_cast<double>(now_ns)) / 1e9;
  return fmt::format(
      "your CLOCK_MONOTONIC is {:.3f} s {} the daemon's: a time namespace of your own? Events are ordered by "
      "this clock",
      ahead_s < 0 ? -ahead_s : ahead_s, ahead_s < 0 ? "behind" : "ahead of");
}

}  // namespace ringpost::daemon
