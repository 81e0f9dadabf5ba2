#include "daemon/instance/drain.hpp"

#include <algorithm>

#include "ipc/clock.hpp"

namespace ringpost::daemon {

std::int64_t Drain::look_and_take() {
  // First the clock, then the list of lanes, then every tail: a record whose publish returned before
  // another's began is seen in the same round or an earlier one.
  const std::int64_t cut_ns = ipc::monotonic_ns();
  ipc::clock_before_loads();
  for (const auto& feed : feeds_) feed->look();
  const std::int64_t now_ns = ipc::monotonic_ns();

  any_cut_off_ = false;
  for (const auto& feed : feeds_) {
    // Records that nobody had room for yet are part of the budget: what is copied is bounded.
    const std::size_t held_bytes = feed->held_bytes();
    if (held_bytes < budget_.copy_bytes_per_lane)
      feed->take(now_ns, budget_.copy_bytes_per_lane - held_bytes);
    if (feed->is_cut_off()) {
      const Head bound{feed->lower_bound_ns(), feed->lane_id(), feed.get()};
      if (!any_cut_off_ || bound < limit_) limit_ = bound;
      any_cut_off_ = true;
    }
    feed->raise_floor(cut_ns);
  }
  return cut_ns;
}

void Drain::collect_heads(std::int64_t cut_ns) {
  heads_.clear();
  for (const auto& feed : feeds_) push_head(*feed, cut_ns);
}

void Drain::push_head(LaneFeed& feed, std::int64_t cut_ns) {
  // What is stamped after the cut waits for the next round.
  if (!feed.has_record() || feed.front().stamp_ns > cut_ns) return;
  heads_.push_back({feed.front().stamp_ns, feed.lane_id(), &feed});
  std::push_heap(heads_.begin(), heads_.end(), [](const Head& a, const Head& b) { return b < a; });
}

Drain::Head Drain::pop_head() {
  std::pop_heap(heads_.begin(), heads_.end(), [](const Head& a, const Head& b) { return b < a; });
  const Head head = heads_.back();
  heads_.pop_back();
  return head;
}

}  // namespace ringpost::daemon
