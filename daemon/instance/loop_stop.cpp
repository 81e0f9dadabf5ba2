// How an instance ends: it delivers what the brokers will take, and what is left afterwards goes where it outlives this process.
#include <algorithm>
#include <utility>

#include "daemon/instance/ledger.hpp"
#include "daemon/instance/loop.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

// Where what waits is safe, a stop waits for reports as long as they come: what is in flight then would be sent twice.
// For so long none came: the broker is away.
constexpr std::int64_t kStallNs = 2'000 * kNsPerMs;

// A publish that passed its checks just before the boards said "stopping" gets so long to store its tail.
constexpr std::int64_t kSettleNs = 50 * kNsPerMs;

// For putting away what is left, past stop_timeout at the latest. The control thread ends the process 5 s after it.
constexpr std::int64_t kPutAwayNs = 4'000 * kNsPerMs;

}  // namespace

void Instance::Loop::begin_stop(StopRequest request) {
  stop_ = std::move(request);
  stop_not_before_ns_ = ipc::monotonic_ns() + kSettleNs;
  ended_ns_ = ipc::monotonic_ns();
}

bool Instance::Loop::is_finished() {
  if (!stop_) return false;
  const std::int64_t now_ns = ipc::monotonic_ns();
  if (stop_->begins_anew) return has_come_back(now_ns);
  if (putting_away_) return put_away(now_ns);
  const bool lanes_done = stop_->leave_lanes || (now_ns >= stop_not_before_ns_ && intake_.lanes_are_empty());
  const bool nothing_waits = arena_.waiting() == 0 && outbox_.counts().in_flight == 0 && rests_on_disk();
  if (lanes_done && nothing_waits) return true;
  if (now_ns < stop_->deadline_ns && !(stop_->leave_lanes && stalls(now_ns))) return false;
  if (!overflow_.spools()) {
    burial_.finish_now();
    return true;
  }
  putting_away_ = true;
  put_away_until_ns_ = now_ns + kPutAwayNs;
  outbox_.end_producers();
  return false;
}

// What comes again is what is inside librdkafka, or was acknowledged a moment ago and is not noted on disk.
bool Instance::Loop::has_come_back(std::int64_t now_ns) {
  const bool would_come_again = outbox_.counts().in_flight != 0 || !replays_.idle();
  if (would_come_again && now_ns < stop_->deadline_ns && !stalls(now_ns)) return false;
  burial_.finish_now();
  return true;
}

bool Instance::Loop::stalls(std::int64_t now_ns) {
  const Balance sums = balance(arena_, disk_.spool.get());
  const std::uint64_t ended = sums.delivered + sums.dead;
  if (std::exchange(ended_at_stop_, ended) != ended) ended_ns_ = now_ns;
  return now_ns - ended_ns_ >= kStallNs;
}

// What was accepted goes to disk, through the arena as always; what was inside librdkafka first comes back from there. Also
// where a keeper holds the arena: it may be the machine that stops. Lanes that go on stay as they are.
bool Instance::Loop::put_away(std::int64_t now_ns) {
  if (now_ns >= put_away_until_ns_) return true;
  if (outbox_.counts().in_flight != 0) return false;
  outbox_.spill_all();
  const bool letters_written = burial_.finish_now();
  const bool runs_written = overflow_.finish_now();
  return letters_written && runs_written && unlisted_blocks_.empty() && arena_.waiting() == 0 &&
         (stop_->leave_lanes || intake_.lanes_are_empty());
}

}  // namespace ringpost::daemon
