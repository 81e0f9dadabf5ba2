// The processor time that a process has used, user and system, all threads.
#pragma once

#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <stdexcept>

namespace ringpost::bench {

inline std::int64_t cpu_ns(pid_t process) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &used) != 0) {
    throw std::runtime_error("a process that is measured has ended");
  }
  return static_cast<std::int64_t>(used.tv_sec) * 1'000'000'000 + used.tv_nsec;
}

}  // namespace ringpost::bench
