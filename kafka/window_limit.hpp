// How many bytes of a partition may be inside librdkafka: twice the rate times the shortest round trip seen,
// within bounds. So a fast partition is never short of records, and a stuck one pins little.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ringpost::kafka {

class WindowLimit {
 public:
  // Two whole batches (batch.size): one on its way, one that is full before its linger is over. With less than a batch
  // each round trip costs a linger more, the rate falls, and by the rate the window: it would never come up again.
  static constexpr std::uint32_t kMinBytes = 1024 * 1024;
  static constexpr std::uint32_t kMaxBytes = 8 * 1024 * 1024;
  static constexpr std::uint32_t kProbeBytes = 128 * 1024;

  std::uint32_t bytes() const { return limit_bytes_; }

  // A record at `position` has entered librdkafka.
  void handed(std::uint64_t position, std::int64_t now_ns) {
    if (!sampling_) {
      if (now_ns - acknowledged_at_ns_ > kRateIntervalNs) {
        restart();  // nothing was sent for a while, which says nothing about the rate
      }
      sampling_ = true;
      sample_position_ = position;
      sample_handed_ns_ = now_ns;
    }
  }

  // It was refused entry though records wait: only then does the limit say anything about the rate.
  void blocked() { blocked_ = true; }

  // Whether the time at which this record is acknowledged matters: one in a round trip. Reading the clock for each
  // would be a fiftieth of the daemon's work.
  bool is_sample(std::uint64_t position) const { return sampling_ && position >= sample_position_; }

  // The record at `position`, of `size_bytes`, was acknowledged. `now_ns` is looked at for a sample only.
  void acknowledged(std::uint64_t position, std::uint32_t size_bytes, std::int64_t now_ns) {
    acknowledged_bytes_ += size_bytes;
    if (is_sample(position)) {
      sampling_ = false;
      acknowledged_at_ns_ = now_ns;
      const std::int64_t round_trip_ns = std::max<std::int64_t>(now_ns - sample_handed_ns_, 1);
      if (probing_ || round_trip_ns <= shortest_ns_) {
        probing_ = false;
        shortest_ns_ = round_trip_ns;
        shortest_at_ns_ = now_ns;
      }
      adapt(now_ns);
    }
  }

  // What was inside is not any more (a new producer): the sample and the rate of before say nothing.
  void restart() {
    sampling_ = false;
    blocked_ = false;
    rate_since_ns_ = 0;
    acknowledged_bytes_ = 0;
  }

 private:
  static constexpr std::int64_t kRateIntervalNs = 20'000'000;
  static constexpr std::int64_t kForgetNs = 10'000'000'000;  // the shortest round trip is measured anew

  void adapt(std::int64_t now_ns) {
    const std::int64_t elapsed_ns = now_ns - rate_since_ns_;
    if (rate_since_ns_ != 0 && elapsed_ns < kRateIntervalNs) {
      return;
    }
    if (rate_since_ns_ != 0 && blocked_) {
      const double bytes_per_ns = static_cast<double>(acknowledged_bytes_) / static_cast<double>(elapsed_ns);
      const double wanted = std::clamp(2.0 * bytes_per_ns * static_cast<double>(shortest_ns_),
                                       static_cast<double>(kMinBytes), static_cast<double>(kMaxBytes));
      limit_bytes_ = static_cast<std::uint32_t>(wanted);
    }
    if (now_ns - shortest_at_ns_ > kForgetNs) {
      probing_ = true;  // the next sample enters when less than this is inside
      limit_bytes_ = kProbeBytes;
    }
    rate_since_ns_ = now_ns;
    acknowledged_bytes_ = 0;
    blocked_ = false;
  }

  std::uint32_t limit_bytes_ = kMinBytes;
  bool sampling_ = false;
  bool blocked_ = false;
  bool probing_ = false;
  std::uint64_t sample_position_ = 0;
  std::int64_t sample_handed_ns_ = 0;
  std::int64_t shortest_ns_ = INT64_MAX;
  std::int64_t shortest_at_ns_ = 0;
  std::int64_t rate_since_ns_ = 0;
  std::uint64_t acknowledged_bytes_ = 0;
  std::int64_t acknowledged_at_ns_ = 0;
};

}  // namespace ringpost::kafka
