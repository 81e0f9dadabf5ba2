#include "client-lib/outage.hpp"

#include <algorithm>
#include <utility>

#include "client-lib/c_api.hpp"

namespace ringpost::client {

Availability::Availability(const std::string& socket_path) {
  end({RINGPOST_DAEMON_UNAVAILABLE, socket_path + ": the connection to the daemon is not up yet", false});
}

const Outage* Availability::keep(Outage why) {
  const auto same = std::find(kept_.begin(), kept_.end(), why);
  if (same != kept_.end()) return &*same;
  // A daemon that gives ever new reasons: the first ones have to do.
  if (kept_.size() == kOutagesMax) return &kept_.front();
  return &kept_.emplace_back(std::move(why));  // a deque: the others stay where they are
}

void Availability::begin() {
  const std::lock_guard lock(mutex_);
  outage_.store(nullptr,
                std::memory_order_release);  // a verdict; what it leads to is published by the claims
  changed_.notify_all();
}

void Availability::end(Outage why) {
  const std::lock_guard lock(mutex_);
  outage_.store(keep(std::move(why)), std::memory_order_release);  // pairs with outage()
  changed_.notify_all();
}

const Outage* Availability::wait(milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] {
    const Outage* const now = outage();
    return now == nullptr || now->for_good;
  });
  return outage();
}

}  // namespace ringpost::client
