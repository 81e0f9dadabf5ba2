// The journal: which lane is whose, and up to where the daemon has taken it. One memfd an instance, mapped by
// the daemon only; a successor reads it beside the arena.
//
//     0          64
//     ├──────────┼──────────────────────────────────┐
//     │ identity │ entries, 64 bytes each           │
//     └──────────┴──────────────────────────────────┘
//
// One writer: the instance's thread. An entry counts when its lane_id is not 0: that is stored last when the
// lane is registered, and zeroed first when the lane is forgotten.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipc/limits.hpp"

namespace ringpost::ipc {

inline constexpr std::uint64_t kJournalMagic = 0x6c616e72754f4a50;  // "PJOurnal"
inline constexpr std::uint32_t kJournalVersion = 1;
inline constexpr std::uint32_t kJournalEntriesMax = 16384;  // lanes of one instance, over all clients

struct JournalHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t entry_count;
};

struct alignas(kCacheLineBytes) JournalEntry {
  std::atomic<std::uint64_t> lane_id;  // release: the rest of the entry is complete; read by a successor
  std::atomic<std::uint64_t>
      released;  // after the arena's commit, before the board's word; read by a successor
  std::uint64_t client_id;
  std::uint64_t capacity_bytes;
  std::uint32_t slot;
  std::uint32_t zero;
};
static_assert(sizeof(JournalEntry) == 64);

inline constexpr std::size_t kJournalEntriesOffset = 64;

constexpr std::size_t journal_memory_bytes() {
  return kJournalEntriesOffset + kJournalEntriesMax * sizeof(JournalEntry);
}

}  // namespace ringpost::ipc
