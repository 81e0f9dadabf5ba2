// The arena: the daemon's own log of one instance's accepted events. One memfd, mapped by the daemon only.
//
//     0          64         128               4096             chunks_offset
//     ├──────────┼──────────┼─────────────────┼────────────────┼─────────┬─────────┬─────────┐
//     │ identity │ selector │ commits[2]      │ chunk table    │ chunk 0 │ chunk 1 │ ...     │
//     └──────────┴──────────┴─────────────────┴────────────────┴─────────┴─────────┴─────────┘
//
// A chunk holds records back to back, from its beginning; each is a prefix and the record as it lay in its
// lane:
//
//     │ ArenaPrefix (sequence, size, state, partition, lane, position, time) │ record (record.hpp) │
//
//     waiting ──before hand-over──▶ handed ──acknowledged──▶ delivered
//        └──────────────┴── refused for good, timed out ──▶ dead
//
// Several chunks are being filled at a time: one by all topics together, and one by each topic that lags behind
// (so that its records do not pin everybody's). Within a chunk sequence numbers rise.
//
// One writer: the instance's thread. A successor that finds this memory after a crash knows, from it alone:
//   - which records count: those before `end_offset` of the chunks whose `opened` is neither 0 nor above the
//     commit's, with a sequence below next_sequence of the selected commit. What else lies there is stale, and has to
//     be cut off (end_offset) before the first new record gets a sequence number.
//   - where each lane stands: the largest lane_position of that lane, or the journal's where that is larger. It stores
//     them in journal and boards before it hands anything over: a chunk that is freed then may have been the only place.
//   - what is to be sent: all that has not ended, by sequence and not by place; what was handed over, too.
//   - the next sequence: the commit's, not one more than the largest that lives.
//   - the totals: those of the selected commit (for chunks freed before) plus the states of the records that
//     are live.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipc/limits.hpp"

namespace ringpost::ipc {

inline constexpr std::uint64_t kArenaMagic = 0x616e657241534f50;  // "POSArena"
inline constexpr std::uint32_t kArenaVersion = 1;

// What one store of the selector makes true, all of it at once.
struct ArenaCommit {
  std::uint64_t next_sequence;    // of the record that comes next; the first is 1
  std::uint64_t opened;           // chunks opened so far
  std::uint64_t freed_delivered;  // records in chunks freed so far, by how they ended
  std::uint64_t freed_dead;
  std::uint64_t
      freed_opened;  // `opened` of the chunk freed last: free, even if the table does not say so yet
};
static_assert(sizeof(ArenaCommit) == 40);

// A cache line for what changes. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct ArenaHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t chunk_count;
  std::uint64_t chunk_bytes;
  std::array<std::uint8_t, 16> arena_id;  // half of every ringpost-id
  std::uint64_t max_event_bytes;          // for which its chunks were made

  // 1: a broker was reached once. Read by a successor, so that a restart in an outage does not refuse.
  std::atomic<std::uint32_t> ever_connected;

  // commits[selector % 2] holds. Stored with release after that commit is complete; read by a successor.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> selector;
  alignas(kCacheLineBytes) ArenaCommit commits[2];
};
static_assert(offsetof(ArenaHeader, arena_id) == 24);
static_assert(offsetof(ArenaHeader, max_event_bytes) == 40);
static_assert(offsetof(ArenaHeader, ever_connected) == 48);
static_assert(offsetof(ArenaHeader, selector) == 64);
static_assert(offsetof(ArenaHeader, commits) == 128);
static_assert(sizeof(ArenaHeader) <= kPageBytes);

struct ArenaChunk {
  std::uint64_t opened;          // number of this opening, from 1; 0: free
  std::uint64_t first_sequence;  // of the record at its beginning
  std::uint64_t end_offset;      // behind its last record; stored before the commit that counts that record
  std::uint64_t zero;
};
static_assert(sizeof(ArenaChunk) == 32);

inline constexpr std::size_t kArenaTableOffset = kPageBytes;
constexpr std::uint64_t arena_chunks_offset(std::size_t chunk_count) {
  const std::size_t table_end = kArenaTableOffset + chunk_count * sizeof(ArenaChunk);
  return (table_end + kPageBytes - 1) / kPageBytes * kPageBytes;
}

enum class ArenaState : std::uint32_t { kWaiting = 0, kHanded = 1, kDelivered = 2, kDead = 3 };

struct ArenaPrefix {
  std::uint64_t sequence;
  std::uint32_t size;                // of prefix and record
  std::atomic<std::uint32_t> state;  // ArenaState; read by a successor
  std::int32_t partition;            // -1: not chosen yet
  std::uint32_t stay;                // the daemon's own; nothing to a successor
  std::uint64_t lane_id;
  std::uint64_t lane_position;  // in that lane, behind this record
  std::int64_t create_time_ms;  // Unix epoch
};
static_assert(sizeof(ArenaPrefix) == 48);
static_assert(offsetof(ArenaPrefix, state) == 12);
static_assert(offsetof(ArenaPrefix, lane_id) == 24);

}  // namespace ringpost::ipc
