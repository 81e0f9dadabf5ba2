#include "daemon/control/clock_check.hpp"

#include <fmt/format.h>

#include <cmath>

namespace ringpost::daemon {

ClockVerdict judge_clock(std::int64_t hello_ns_untrusted, std::int64_t not_before_ns, std::int64_t now_ns) {
  if (hello_ns_untrusted > now_ns + kClockSlackNs) return ClockVerdict::kOther;
  if (hello_ns_untrusted < not_before_ns - kClockSlackNs) return ClockVerdict::kOther;
  return hello_ns_untrusted < now_ns - kHelloAgeMaxNs ? ClockVerdict::kUnclear : ClockVerdict::kSame;
}

std::string clock_problem(ClockVerdict verdict, std::int64_t hello_ns_untrusted, std::int64_t now_ns) {
  // In floating point, for the client may have sent any 64 bits.
  const double ahead_s = (static_cast<double>(hello_ns_untrusted) - static_cast<double>(now_ns)) / 1e9;
  if (verdict == ClockVerdict::kUnclear) {
    return fmt::format(
        "your hello is {:.3f} s old: the daemon was held up, or your CLOCK_MONOTONIC is another one; connect "
        "again to find out",
        -ahead_s);
  }
  return fmt::format(
      "your CLOCK_MONOTONIC is {:.3f} s {} the daemon's: a time namespace of your own? Events are ordered by "
      "this clock",
      std::fabs(ahead_s), ahead_s < 0 ? "behind" : "ahead of");
}

}  // namespace ringpost::daemon
