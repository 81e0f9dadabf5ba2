// Which processor a process runs on: sender and receiver on two, where there are two.
#pragma once

#include <sched.h>
#include <unistd.h>

namespace ringpost::bench {

inline bool pin_to_cpu(int cpu) {
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) return false;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(cpu, &cpus);
  return ::sched_setaffinity(0, sizeof cpus, &cpus) == 0;
}

}  // namespace ringpost::bench
