// How an instance's thread waits: awake while there is work, naps while there is traffic, deep sleep behind
// the doorbell after a while of quiet (ipc/doorbell.hpp).
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>

#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

class Sleeper {
 public:
  // `armed` is the doorbell's word on the instance's board.
  explicit Sleeper(std::atomic<std::uint32_t>& armed);

  // Where a doorbell can't be watched (no memory, too many of them) the thread never sleeps deeply again.
  void watch_doorbell(std::uint64_t client_id, ipc::Descriptor doorbell);
  void forget_doorbell(std::uint64_t client_id) {
    doorbells_.erase(client_id);
  }                                          // closing takes it out of epoll
  void watch_reports(int event_descriptor);  // edge-triggered: whoever wakes polls to the end

  void wake();  // from any thread

  // For the traffic's sake: publishers make no system call while the drainer naps.
  void nap(std::chrono::microseconds at_most);

  // Sleeps until a doorbell, a report, wake(), or `until_ns` (CLOCK_MONOTONIC; 0: for good). `look` looks at
  // the lanes once more after the doorbell is armed: true when there is something, and then there is no
  // sleep.
  template <typename Look>
  void sleep(std::int64_t until_ns, Look look) {
    if (!arm()) return nap(kNapInsteadOfSleep);
    if (!look()) wait(milliseconds_until(until_ns));
    disarm();
  }

 private:
  static constexpr std::chrono::milliseconds kNapInsteadOfSleep{10};

  bool
  arm();  // false: not every doorbell is sure to be heard (no barriers in this kernel, or one not watched)
  void disarm();
  void wait(int timeout_ms);
  static int milliseconds_until(std::int64_t until_ns);

  std::atomic<std::uint32_t>& armed_;
  std::uint32_t number_ = 0;  // of this sleep
  bool hears_all_;
  ipc::Descriptor epoll_;
  ipc::Descriptor wake_;
  std::multimap<std::uint64_t, ipc::Descriptor> doorbells_;
};

}  // namespace ringpost::daemon
