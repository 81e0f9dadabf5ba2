// Lines for people, on standard error. A line that would have to wait (a stopped terminal, a full pipe) is not
// written: nothing holds the keeper up.
#pragma once

#include <cstdint>

namespace ringpost::keeper {

[[gnu::format(printf, 1, 2)]] void say(const char* format, ...);

// Lines that a peer can cause at will: five in ten seconds, and then how many were not shown.
class Chatter {
 public:
  [[gnu::format(printf, 2, 3)]] void say(const char* format, ...);

 private:
  std::int64_t began_ms_ = 0;
  std::uint32_t written_ = 0;
  std::uint64_t suppressed_ = 0;
};

// CLOCK_MONOTONIC.
std::int64_t now_ms();

}  // namespace ringpost::keeper
