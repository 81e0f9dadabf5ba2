// How much of an instance's arena one topic may take, so that a stuck topic leaves room for the others.
//
// A topic may pin up to four times the chunks that are left free. One stuck topic gets at most four fifths of what
// there is to share, two get four ninths each, and something is always left for the topic that flows (dynamic
// thresholds, as in shared-memory switches: Choudhury and Hahne 1998). What is not shared: an eighth of the arena, and
// room for all that lies in the lanes, because a share refuses calls and never stops the drain. Below two chunks or a
// sixteenth of the arena a topic is never refused: that much a topic that flows has on its way.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "daemon/instance/arena.hpp"

namespace ringpost::daemon {

class Shares {
 public:
  // As of now. `shared`: the instance has more than one topic; the only one may have all.
  Shares(const Arena& arena, std::uint64_t bytes_in_lanes, bool shared)
      : arena_(arena), limit_chunks_(shared ? limit_of(arena, bytes_in_lanes) : arena.chunk_count() + 1) {}

  // Cheap, for the usual case: false when no topic can have used up its share.
  bool may_be_used_up() const { return arena_.chunk_count() - arena_.free_chunks() >= limit_chunks_; }
  bool used_up(Tenant tenant) const { return arena_.pinned_chunks(tenant) >= limit_chunks_; }
  // Later than the opposite of used_up(): a topic at its limit is not refused and accepted by turns.
  bool has_room_again(Tenant tenant) const {
    const std::size_t pinned = arena_.pinned_chunks(tenant);
    return pinned == 0 || pinned + 1 + limit_chunks_ / 8 <= limit_chunks_;
  }
  std::size_t limit_chunks() const { return limit_chunks_; }

 private:
  static std::size_t limit_of(const Arena& arena, std::uint64_t bytes_in_lanes) {
    const std::size_t kept = arena.chunk_count() / 8 + bytes_in_lanes / arena.chunk_bytes() + 1;
    const std::size_t left = arena.free_chunks() - std::min(arena.free_chunks(), kept);
    return std::max({std::size_t{2}, arena.chunk_count() / 16, 4 * left});
  }

  const Arena& arena_;
  std::size_t limit_chunks_;
};

}  // namespace ringpost::daemon
