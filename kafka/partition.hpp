// One partition of a topic: the queue of what waits and the window of what is inside librdkafka, both in
// order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "kafka/blocks.hpp"
#include "kafka/entry_queue.hpp"
#include "kafka/window_limit.hpp"

namespace ringpost::kafka {

// Which of an instance's two producers a record goes through. Topics in trouble use the second one, so that
// its re-creations do not touch the others.
enum class RouteId : std::uint8_t { kMain, kQuarantine };

class Partition {
 public:
  // After a re-creation: one batch until something of it is acknowledged.
  static constexpr std::uint32_t kProvingBytes = 128 * 1024;

  explicit Partition(std::int32_t id) : id_(id) {}

  std::int32_t id() const { return id_; }
  EntryQueue& queue() { return queue_; }
  const EntryQueue& queue() const { return queue_; }
  WindowLimit& limit() { return limit_; }

  // Records of keys that go to another partition since the topic has more of them, and wait for what is here. `holds`: some of what was
  // here then still is.
  EntryQueue& leaving() { return leaving_; }
  const EntryQueue& leaving() const { return leaving_; }
  Standstill& leaving_standstill() { return leaving_standstill_; }
  bool holds_leaving() const { return holds_leaving_; }
  void holds_leaving(bool holds) { holds_leaving_ = holds; }
  const Entry* oldest_keyed() const;  // inside or waiting; null: none

  RouteId route() const { return route_; }
  void set_route(RouteId route) { route_ = route; }

  bool window_empty() const { return inside_ == 0; }
  std::uint64_t window_bytes() const { return inside_bytes_; }
  // Since when it has got nothing done though it had something to send.
  Standstill& standstill() { return standstill_; }
  bool idle() const { return queue_.empty() && inside_ == 0; }

  // Whether it is newer than all that was placed before it.
  bool note_placed(std::uint64_t sequence) {
    const bool newest = sequence >= highest_placed_;
    highest_placed_ = newest ? sequence : highest_placed_;
    return newest;
  }

  bool has_suspects() const { return suspects_ != 0; }

  // Whether `next` may enter now, when all of the instance's windows have `free_records` left and the topic's
  // batches may not be larger than `cap_bytes`. An empty window takes any record; a suspect is alone in its
  // window.
  bool has_room(const Entry& next, std::size_t free_records, std::uint32_t cap_bytes) const;

  std::uint64_t next_position() const { return first_position_ + window_.size(); }
  void enter(const Entry& entry, std::int64_t now_ns);  // at next_position()

  // The record that a report is about, or null when it is no longer inside. `position` is modulo 2^44.
  Entry* find(std::uint64_t position);
  void suspect(Entry& entry);
  // Whether acknowledge() looks at the time that it is given.
  bool times(std::uint64_t position) const { return limit_.is_sample(full_position(position)); }
  void acknowledge(Entry& entry, std::uint64_t position, std::int64_t now_ns);  // then finish() it
  void finish(Entry& entry);                                                    // done, delivered or dead

  // The soonest deadline of what is inside, or earlier.
  std::int64_t earliest_inside_ns() const { return earliest_inside_ns_; }
  // Gives each record that is inside, past its deadline, and was not given before to `passed`.
  template <typename Passed>
  void pass_deadlines(std::int64_t now_ns, Passed&& passed) {
    if (now_ns < earliest_inside_ns_) {
      return;
    }
    earliest_inside_ns_ = kNever;
    for (Entry& entry : window_) {
      if (entry.done != 0 || entry.overdue != 0) {
        continue;
      }
      if (entry.deadline_ns <= now_ns) {
        entry.overdue = 1;
        passed(entry);
      } else {
        earliest_inside_ns_ = std::min(earliest_inside_ns_, entry.deadline_ns);
      }
    }
  }

  // What is inside goes back to the front of the queue, in order: its producer is gone. What is overdue does not, and
  // goes to `overdue`. Returns how many were inside.
  std::size_t return_window(std::vector<Entry>& overdue);
  void note_suspect_gone() { --suspects_; }  // one that left the queue without entering the window
  void clear_suspects();                     // of the queue; the window must be empty
  void suspect_front(Entry& entry);  // a record of the queue that is known to be in danger of a refusal

  // Its leader would wait for a follower that says nothing, and hold up its other partitions meanwhile. Nothing of it is sent.
  bool paused() const { return paused_since_ns_ != 0; }
  std::int64_t paused_since_ns() const { return paused_since_ns_; }
  void note_paused(std::int64_t now_ns) { paused_since_ns_ = now_ns; }
  void note_resumed() { paused_since_ns_ = 0; }

  // When librdkafka does not know this partition yet.
  std::int64_t retry_at_ns() const { return retry_at_ns_; }
  void retry_at(std::int64_t time_ns) { retry_at_ns_ = time_ns; }

 private:
  std::uint64_t full_position(std::uint64_t position) const;

  std::int32_t id_;
  RouteId route_ = RouteId::kMain;
  Standstill standstill_;
  EntryQueue leaving_;
  Standstill leaving_standstill_;
  bool holds_leaving_ = false;
  std::uint64_t highest_placed_ = 0;
  std::int64_t earliest_inside_ns_ = kNever;
  bool proving_ = false;
  std::uint32_t suspects_ = 0;         // in queue and window
  std::uint32_t suspects_inside_ = 0;  // in the window: 0 or 1, but for the moment of a refusal
  std::size_t inside_ = 0;             // entries of window_ that are not done
  std::uint64_t inside_bytes_ = 0;
  std::uint64_t first_position_ = 0;  // of window_.front()
  std::int64_t retry_at_ns_ = 0;
  std::int64_t paused_since_ns_ = 0;  // 0: it is not
  EntryQueue queue_;
  std::deque<Entry> window_;
  WindowLimit limit_;
};

}  // namespace ringpost::kafka
