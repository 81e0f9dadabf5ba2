// One round over an instance's lanes: cut, look, copy, merge (ipc/README.md, "Stamp and cut", has the
// argument).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "daemon/instance/lane_feed.hpp"

namespace ringpost::daemon {

struct DrainBudget {
  std::size_t copy_bytes_per_lane = 256u << 10;
  std::size_t records = 16'384;
};

// How a round ended, for whoever decides when the next one is due.
struct DrainResult {
  std::size_t records = 0;
  std::size_t bytes = 0;
  bool more = false;     // something is left that another round could take at once
  bool no_room = false;  // the consumer had no room
};

class Drain {
 public:
  explicit Drain(DrainBudget budget = {}) : budget_(budget) {}

  std::vector<std::unique_ptr<LaneFeed>>& feeds() { return feeds_; }

  // `consume(LaneFeed&, stamp_ns, bytes)` is called for each record in order; false: it had no room, the
  // round ends.
  template <typename Consume>
  DrainResult round(Consume consume) {
    const std::int64_t cut_ns = look_and_take();
    DrainResult result;
    collect_heads(cut_ns);
    while (!heads_.empty()) {
      if (result.records == budget_.records) {
        result.more = true;
        break;
      }
      const Head head = pop_head();
      LaneFeed& feed = *head.feed;
      if (limit_before(head)) {
        result.more = true;
        break;
      }
      const std::size_t size_bytes = feed.front().size;
      if (!consume(feed, head.stamp_ns, feed.front_bytes())) {
        result.no_room = true;
        break;
      }
      feed.pop();
      ++result.records;
      result.bytes += size_bytes;
      push_head(feed, cut_ns);
    }
    result.more = result.more || (any_cut_off_ && !result.no_room);
    return result;
  }

 private:
  // The order of the merge: by stamp, equal stamps by lane, within a lane by position.
  struct Head {
    std::int64_t stamp_ns;
    std::uint64_t lane_id;
    LaneFeed* feed;
    bool operator<(const Head& other) const {
      return stamp_ns != other.stamp_ns ? stamp_ns < other.stamp_ns : lane_id < other.lane_id;
    }
  };

  std::int64_t look_and_take();  // returns the cut
  void collect_heads(std::int64_t cut_ns);
  void push_head(LaneFeed& feed, std::int64_t cut_ns);
  Head pop_head();
  // A lane that was cut off by the budget has records behind what was parsed: nothing after the first of them
  // may go. Its own parsed records lie before it.
  bool limit_before(const Head& head) const {
    return any_cut_off_ && head.feed != limit_.feed && limit_ < head;
  }

  DrainBudget budget_;
  std::vector<std::unique_ptr<LaneFeed>> feeds_;
  std::vector<Head> heads_;  // a heap, the smallest first
  bool any_cut_off_ = false;
  Head limit_{};
};

}  // namespace ringpost::daemon
