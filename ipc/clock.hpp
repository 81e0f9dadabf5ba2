// The clock that orders records across lanes (README.md, "Stamp and cut").
#pragma once

#include <time.h>

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace ringpost::ipc {

// CLOCK_MONOTONIC in ns, through the vDSO: no system call. Not a plain rdtsc, which let hand-offs between
// cores run backwards.
inline std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

inline std::int64_t realtime_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// Keeps loads that follow from being done before the clock was read. An acquire fence compiles to nothing on
// x86 and orders only memory accesses, and the clock's register is none.
inline void clock_before_loads() {
#if defined(__x86_64__)
  _mm_lfence();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#else
#error "clock_before_loads: an instruction barrier for this architecture"
#endif
}

// False for a clock whose readings repeat for a microsecond or more (a coarse clock source): equal stamps in
// two lanes would invert.
bool monotonic_clock_is_fine();

}  // namespace ringpost::ipc
