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
// One writer: the instance's thread. A successor that finds this memory after a crash knows, from it alone:
//   - which records count: those with sequence < next_sequence of the selected commit, in chunks whose
//   `opened` is not 0
//     and not above the commit's. The rest is wiped: a chunk that was opened again holds stale records.
//   - where each lane stands: the largest lane_position of that lane, or the journal's where that is larger.
//   - the totals: those of the selected commit (for chunks freed before) plus the states of the records that
//   are live.
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
  std::uint64_t next_sequence;  // of the record that comes next; the first is 1
  std::uint64_t opened;         // chunks opened so far
  std::uint32_t chunk;          // being filled; kNoChunk before the first
  std::uint32_t zero;
  std::uint64_t offset;           // in that chunk: behind its last record
  std::uint64_t freed_delivered;  // records in chunks freed so far, by how they ended
  std::uint64_t freed_dead;
  std::uint64_t
      freed_opened;  // `opened` of the chunk freed last: free, even if the table does not say so yet
};
static_assert(sizeof(ArenaCommit) == 56);

inline constexpr std::uint32_t kNoChunk = 0xFFFFFFFF;

// A cache line for what changes. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct ArenaHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t chunk_count;
  std::uint64_t chunk_bytes;
  std::array<std::uint8_t, 16> arena_id;  // half of every ringpost-id

  // commits[selector % 2] holds. Stored with release after that commit is complete; read by a successor.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> selector;
  alignas(kCacheLineBytes) ArenaCommit commits[2];
};
static_assert(offsetof(ArenaHeader, arena_id) == 24);
static_assert(offsetof(ArenaHeader, selector) == 64);
static_assert(offsetof(ArenaHeader, commits) == 128);
static_assert(sizeof(ArenaHeader) <= kPageBytes);

struct ArenaChunk {
  std::uint64_t opened;          // number of this opening, from 1; 0: free
  std::uint64_t first_sequence;  // of the record at its beginning
  std::uint64_t end_offset;      // behind its last record, once closed; 0 while it is being filled
  std::uint64_t zero;
};
static_assert(sizeof(ArenaChunk) == 32);

inline constexpr std::size_t kArenaTableOffset = kPageBytes;

enum class ArenaState : std::uint32_t { kWaiting = 0, kHanded = 1, kDelivered = 2, kDead = 3 };

struct ArenaPrefix {
  std::uint64_t sequence;
  std::uint32_t size;                // of prefix and record
  std::atomic<std::uint32_t> state;  // ArenaState; read by a successor
  std::int32_t partition;            // -1: not chosen yet
  std::uint32_t zero;
  std::uint64_t lane_id;
  std::uint64_t lane_position;  // in that lane, behind this record
  std::int64_t create_time_ms;  // Unix epoch
};
static_assert(sizeof(ArenaPrefix) == 48);
static_assert(offsetof(ArenaPrefix, state) == 12);
static_assert(offsetof(ArenaPrefix, lane_id) == 24);

}  // namespace ringpost::ipc
