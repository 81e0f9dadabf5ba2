// A lane: the memory of one single-producer byte ring. One memfd, sealed against a change of size.
//
//     0            64           128                            4096                 4096 + capacity
//     ├────────────┼────────────┼──────────────────────────────┼────────────────────┤
//     │ identity   │ tail       │ refused[32]                  │ ring               │
//     │ (daemon,   │ (client)   │ (client)                     │ (client)           │
//     │ once)      │            │                              │                    │
//     └────────────┴────────────┴──────────────────────────────┴────────────────────┘
//
// Positions are bytes since the lane's beginning; they never wrap. The byte at position p lies at p %
// capacity. The client owns [released, released + capacity); what it has published is [.., tail). `released`
// stands on the client's board, which only the daemon writes: every word here and there has one writer.
//
//     claimed ──write record──▶ stamped ──store tail──▶ published ──copied into the arena──▶ released
//        │                                    (what is not published does not exist)
//        └── the thread dies: the claim is freed, nothing is seen of the record
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipc/limits.hpp"

namespace ringpost::ipc {

inline constexpr std::uint64_t kLaneMagic = 0x656e616c54534f50;  // "POSTlane"
inline constexpr std::uint32_t kLaneVersion = 1;
inline constexpr std::size_t kRefusedCodes = 32;

// A cache line for each writer. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct LaneHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t zero;
  std::uint64_t lane_id;
  std::uint64_t capacity_bytes;

  // Stored with release by the claiming thread (LaneWriter::commit), loaded with acquire by LaneReader::look.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> tail;

  // Calls of this channel that were refused, by code (index: minus the code). Counted in the channel's first
  // lane. For people: the daemon only shows them. Relaxed: each is a figure of its own.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> refused[kRefusedCodes];
};
static_assert(sizeof(std::atomic<std::uint64_t>) == 8 && std::atomic<std::uint64_t>::is_always_lock_free);
static_assert(offsetof(LaneHeader, lane_id) == 16);
static_assert(offsetof(LaneHeader, capacity_bytes) == 24);
static_assert(offsetof(LaneHeader, tail) == 64);
static_assert(offsetof(LaneHeader, refused) == 128);
static_assert(sizeof(LaneHeader) <= kPageBytes);

inline constexpr std::size_t kLaneRingOffset = kPageBytes;

constexpr std::size_t lane_memory_bytes(std::size_t capacity_bytes) {
  return kLaneRingOffset + capacity_bytes;
}
constexpr bool is_lane_capacity(std::uint64_t bytes) {
  return bytes >= kLaneMinBytes && bytes <= kLaneMaxBytes && (bytes & (bytes - 1)) == 0;
}

}  // namespace ringpost::ipc
