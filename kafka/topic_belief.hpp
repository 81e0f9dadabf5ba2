// What we believe of a topic's existence, and when to ask again. One broker's stale "no such topic" is never
// believed: an unknown topic is missing after the propagation time of asking, one that existed after a longer
// one.
#pragma once

#include <algorithm>
#include <cstdint>

namespace ringpost::kafka {

class TopicBelief {
 public:
  static constexpr std::int64_t kAskAgainNs = 500'000'000;
  static constexpr std::int64_t kPropagationNs = 3'000'000'000;
  static constexpr std::int64_t kDeletionNs = 15'000'000'000;
  static constexpr std::int64_t kRefusedNs = 5'000'000'000;
  static constexpr std::int64_t kRefreshNs = 30'000'000'000;
  // Of a topic that is missing: an administrator may create it, and scripts get UNKNOWN_TOPIC until that is known.
  static constexpr std::int64_t kMissingNs = 3'000'000'000;
  // What is due so soon goes into a request that is sent now: all that is missing into one each 3 s.
  static constexpr std::int64_t kTogetherNs = 1'000'000'000;
  static constexpr std::int64_t kFirstFailureNs =
      500'000'000;  // then twice as long each time, up to kRefreshNs

  bool due(std::int64_t now_ns) const { return !asking_ && now_ns >= next_ask_ns_; }
  void asked() { asking_ = true; }
  // The cluster is there again: what was put off because it was silent need not wait any longer.
  void ask_soon() {
    if (failure_pause_ns_ != 0) {
      next_ask_ns_ = 0;
    }
  }
  void ask_now() { next_ask_ns_ = 0; }
  std::int64_t next_ask_ns() const { return asking_ ? INT64_MAX : next_ask_ns_; }

  void answered_exists(std::int64_t now_ns) {
    asking_ = false;
    failure_pause_ns_ = 0;
    missing_since_ns_ = 0;
    existed_ = true;
    next_ask_ns_ = now_ns + kRefreshNs;
  }

  // True when the topic is to be believed missing now.
  bool answered_missing(std::int64_t now_ns) {
    asking_ = false;
    failure_pause_ns_ = 0;
    if (missing_since_ns_ == 0) {
      missing_since_ns_ = now_ns;
    }
    if (now_ns - missing_since_ns_ < (existed_ ? kDeletionNs : kPropagationNs)) {
      next_ask_ns_ = now_ns + kAskAgainNs;
      return false;
    }
    existed_ = false;
    next_ask_ns_ = now_ns + kMissingNs;
    return true;
  }

  // Known to the cluster, and not for us to see; somebody may be about to give us the right.
  void refused(std::int64_t now_ns) {
    failed(now_ns);
    failure_pause_ns_ = std::min(failure_pause_ns_, kRefusedNs);
    next_ask_ns_ = now_ns + failure_pause_ns_;
  }

  // No answer, or one that says nothing about existence.
  void failed(std::int64_t now_ns) {
    asking_ = false;
    failure_pause_ns_ = std::clamp(failure_pause_ns_ * 2, kFirstFailureNs, kRefreshNs);
    next_ask_ns_ = now_ns + failure_pause_ns_;
  }

 private:
  bool asking_ = false;
  bool existed_ = false;
  std::int64_t next_ask_ns_ = 0;
  std::int64_t missing_since_ns_ = 0;
  std::int64_t failure_pause_ns_ = 0;
};

}  // namespace ringpost::kafka
