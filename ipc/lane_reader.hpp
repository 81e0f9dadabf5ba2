// The daemon's end of a lane. Everything that it reads from the lane is untrusted: a position is read once,
// checked, and then used; records are copied out before anybody looks at them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ipc/lane_layout.hpp"
#include "ipc/shared_memory.hpp"

namespace ringpost::ipc {

// A new, sealed lane: what the daemon registers and then sends to its client.
Descriptor create_lane(std::uint64_t lane_id, std::size_t capacity_bytes);

class LaneReader {
 public:
  // Begins at `position`: 0 for a new lane, for a successor of a dead daemon up to where that one had taken it.
  LaneReader(const Descriptor& memory, std::size_t capacity_bytes, std::uint64_t position = 0);

  // Reads the client's tail. False when it is no position that an honest writer could have: the lane is
  // malformed.
  bool look();
  std::uint64_t tail() const { return tail_; }      // as of the last look()
  std::uint64_t copied() const { return copied_; }  // up to where copy_to() has taken the bytes
  std::size_t unseen_bytes() const { return static_cast<std::size_t>(tail_ - copied_); }

  // Appends up to `max_bytes` of what look() saw and no copy has taken yet to private memory.
  void copy_to(std::vector<std::byte>& out, std::size_t max_bytes);

  // The client may write again up to `position`. `word` is this lane's word on the board.
  static void release(std::atomic<std::uint64_t>& word, std::uint64_t position) {
    word.store(position, std::memory_order_release);  // pairs with the acquire load in LaneWriter::reserve
  }

  // How many records lie between `position` and tail(), by their own word: for a figure, not for decisions.
  std::uint64_t count_from_untrusted(std::uint64_t position) const;
  std::array<std::uint64_t, kRefusedCodes> refused_untrusted() const;
  std::size_t capacity_bytes() const { return capacity_bytes_; }

 private:
  Mapping mapping_;
  const LaneHeader* header_;
  const std::byte* ring_;
  std::size_t capacity_bytes_;
  std::uint64_t tail_ = 0;
  std::uint64_t copied_ = 0;
};

}  // namespace ringpost::ipc
