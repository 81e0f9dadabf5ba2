// Which processor a thread or process runs on: sender and receiver on two, where there are two.
#pragma once

#include <sched.h>
#include <unistd.h>

namespace ringpost::bench {

inline bool pin_to_cpu(int cpu) {
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) return false;
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  CPU_SET(static_cast<unsigned>(cpu), &cpus);
  return ::sched_setaffinity(0, sizeof cpus, &cpus) == 0;
}

// What is started while this lives inherits the processor; then the caller runs where it ran before.
class PinnedFor {
 public:
  explicit PinnedFor(int cpu) {
    ::sched_getaffinity(0, sizeof before_, &before_);
    pin_to_cpu(cpu);
  }
  ~PinnedFor() { ::sched_setaffinity(0, sizeof before_, &before_); }
  PinnedFor(const PinnedFor&) = delete;
  PinnedFor& operator=(const PinnedFor&) = delete;

 private:
  cpu_set_t before_{};
};

}  // namespace ringpost::bench
