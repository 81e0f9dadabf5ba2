// The client's end of a lane. Not thread-safe: whoever holds the lane's claim calls it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipc/lane_layout.hpp"
#include "ipc/record.hpp"
#include "ipc/shared_memory.hpp"

namespace ringpost::ipc {

class LaneWriter {
 public:
  // Maps the lane, ring twice in a row. Throws std::system_error, or std::runtime_error for a layout it does
  // not know.
  explicit LaneWriter(const Descriptor& memory);

  std::uint64_t lane_id() const { return header_->lane_id; }
  std::size_t capacity_bytes() const { return capacity_bytes_; }

  // Touches every page. Before the lane can be claimed.
  void prefault();

  // A forked child does not inherit the mappings. Best effort: the child must not come here anyway.
  void hide_from_children();

  // Where a record of `size_bytes` (a multiple of 8) may be written, contiguous; nullptr when there is no
  // room for it now. `released` is the daemon's word on the board, loaded only when the position cached from
  // before does not suffice.
  std::byte* reserve(std::size_t size_bytes, const std::atomic<std::uint64_t>& released);

  // Publishes the record that was written at reserve()'s address, its header too but for size, sequence and
  // stamp, which are filled in. `parts_bytes`: header, topic, key, headers and message, without padding.
  void commit_in_place(std::size_t parts_bytes);

  // The same where the header is not in place yet.
  void commit(const RecordHeader& header);

  // After the claiming thread has died inside: takes up the lane where it really stands. For who has proof of
  // that death.
  void recover();

  // The three below need no claim, only that the lane stays mapped.
  std::size_t room_bytes(const std::atomic<std::uint64_t>& released) const;
  std::uint64_t published_bytes() const { return header_->tail.load(std::memory_order_relaxed); }
  void count_refusals(std::size_t code_index, std::uint64_t times) {
    header_->refused[code_index].fetch_add(
        times,
        std::memory_order_relaxed);  // read by LaneReader::refused_untrusted
  }

 private:
  Mapping header_page_;
  LaneHeader* header_;
  std::size_t capacity_bytes_;
  MirroredMapping ring_;
  std::uint64_t tail_ = 0;             // what header_->tail holds
  std::uint64_t released_cached_ = 0;  // at most what the board holds
  std::uint64_t sequence_ = 0;         // of the last record
};

}  // namespace ringpost::ipc
