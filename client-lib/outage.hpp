// Whether there is a daemon to publish to, and if not, why: told by the control thread, asked by every call.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "client-lib/failure.hpp"
#include "client-lib/limits.hpp"

namespace ringpost::client {

struct Outage {
  int code = 0;  // RINGPOST_*
  std::string note;
  bool for_good = false;  // waiting does not help

  bool operator==(const Outage&) const = default;
};

class Availability {
 public:
  explicit Availability(const std::string& socket_path);  // for the message until something is known

  // nullptr: events can be published. What it points to lives as long as the handle.
  const Outage* outage() const { return outage_.load(std::memory_order_acquire); }  // pairs with end()

  // Control thread.
  void begin();
  void end(Outage why);

  // Waits until events can be published (nullptr), until they never will be, or until the time is over.
  const Outage* wait(milliseconds timeout);

 private:
  const Outage* keep(Outage why);

  std::atomic<const Outage*> outage_{nullptr};
  std::deque<Outage> kept_;  // each reason once: a publisher may be reading any of them
  std::mutex mutex_;         // for wait(), which no publish calls
  std::condition_variable changed_;
};

}  // namespace ringpost::client
