// What one round of the loop waits for. Every part says what it wants watched, and then looks at what came.
#pragma once

#include <poll.h>

#include <cassert>
#include <cstdint>

namespace ringpost::keeper {

class PollSet {
 public:
  static constexpr std::uint32_t kEntriesMax = 48;
  static constexpr std::uint32_t kNothing = UINT32_MAX;
  static constexpr std::int64_t kNever = INT64_MAX;

  void clear() {
    count_ = 0;
    wake_at_ms_ = kNever;
  }
  // The number by which came() knows it. A descriptor below 0 is not watched, and nothing ever comes from it.
  std::uint32_t watch(int descriptor, short events) {
    if (descriptor < 0) return kNothing;
    assert(count_ < kEntriesMax);
    entries_[count_] = {descriptor, events, 0};
    return count_++;
  }
  void wake_at(std::int64_t when_ms) {
    if (when_ms < wake_at_ms_) wake_at_ms_ = when_ms;
  }
  void wait(std::int64_t now_ms) {
    int timeout_ms = -1;
    if (wake_at_ms_ != kNever) {
      const std::int64_t left = wake_at_ms_ - now_ms;
      timeout_ms = left <= 0 ? 0 : static_cast<int>(left < 60'000 ? left : 60'000);
    }
    if (::poll(&entries_[0], count_, timeout_ms) >= 0) return;
    for (pollfd& entry : entries_) entry.revents = 0;  // a signal, or no memory for a moment
  }
  // Also POLLHUP and POLLERR, for which nobody needs to ask.
  short came(std::uint32_t entry) const { return entry == kNothing ? short{0} : entries_[entry].revents; }

 private:
  pollfd entries_[kEntriesMax]{};
  std::uint32_t count_ = 0;
  std::int64_t wake_at_ms_ = kNever;
};

}  // namespace ringpost::keeper
