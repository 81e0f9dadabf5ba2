// The arena: the daemon's own log of one instance's accepted events. One memfd, mapped by the daemon only.
//
//     0          64         128          4096          books_offset      chunks_offset
//     ├──────────┼──────────┼────────────┼─────────────┼─────────────────┼─────────┬─────────┬─────────┐
//     │ identity │ selector │ commits[2] │ chunk table │ books[1024]     │ chunk 0 │ chunk 1 │ ...     │
//     └──────────┴──────────┴────────────┴─────────────┴─────────────────┴─────────┴─────────┴─────────┘
//
// A chunk holds records back to back, from its beginning; each is a prefix and the record as it lay in its
// lane:
//
//     0        8        12       16       20       24       32       40       48      52     56     60       64
//     ├────────┼────────┼────────┼────────┼────────┼────────┼────────┼────────┼───────┼──────┼──────┼────────┼────────┐
//     │sequence│ size   │ state  │partit- │ stay   │ lane   │ lane   │ create │ book  │client│client│attempts│ record │
//     │        │        │        │ion     │        │ _id    │ _posit.│ _time  │       │ _uid │ _pid │        │        │
//     └────────┴────────┴────────┴────────┴────────┴────────┴────────┴────────┴───────┴──────┴──────┴────────┴────────┘
//
//     waiting ──before hand-over──▶ handed ──acknowledged──────────────────────────▶ delivered
//        │                            ├── deadline passed ──▶ overdue ──acknowledged──┘
//        │                            │                          └── never will be ──▶ dead
//        ├────────────────────────────┴── refused for good, timed out ──▶ dead
//        └── its bytes are on disk ──▶ spooled
//
// An overdue record counts as dead, and pins its chunk: librdkafka may still read it.
//
// Several chunks are being filled at a time: one by all topics together, and one by each topic that lags behind
// (so that its records do not pin everybody's). Within a chunk sequence numbers rise.
//
// A book has the totals of one topic that can't be counted any more: of the records whose chunks, and of those whose spool
// segments are gone. It has two copies of them, each with the selector that makes it true, and so a commit that frees
// something changes the totals and says what was freed, all at once:
//
//     the copy with the largest tag that is not above the selector counts (of two equal ones the first).
//     to change: the other copy is written, tag = selector + 1, then the selector is stored.
//
// One writer: the instance's thread. A successor that finds this memory after a crash knows, from it alone:
//   - which records count: those before `end_offset` of the chunks whose `opened` is neither 0 nor above the
//     commit's, with a sequence below next_sequence of the selected commit. What else lies there is stale, and has to
//     be cut off (end_offset) before the first new record gets a sequence number.
//   - which copy of a book counts. A copy with a tag above the selector is stale, and its tag has to be wiped before the
//     first commit, which would make it count.
//   - where each lane stands: the largest lane_position of that lane, or the journal's where that is larger. It stores
//     them in journal and boards before it hands anything over: a chunk that is freed then may have been the only place.
//   - what is to be sent: all that has not ended, by sequence and not by place; what was handed over, too. What was
//     overdue stays dead: nobody waits for its acknowledgement any more.
//   - the next sequence: the commit's, not one more than the largest that lives.
//   - the totals: those of the books plus the states of the records that are live. Of all records accepted,
//     next_sequence - first_sequence, each is delivered, dead, spooled or left.
//   - which segment of the spool the totals have already (freed_segment), even if its file is still there. No segment gets
//     that number again.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipc/limits.hpp"

namespace ringpost::ipc {

inline constexpr std::uint64_t kArenaMagic = 0x616e657241534f50;  // "POSArena"
inline constexpr std::uint32_t kArenaVersion = 2;

// What one store of the selector makes true, all of it at once.
struct ArenaCommit {
  std::uint64_t next_sequence;  // of the record that comes next
  std::uint64_t opened;         // chunks opened so far
  std::uint64_t
      freed_opened;  // `opened` of the chunk freed last: free, even if the table does not say so yet
  std::uint64_t
      freed_segment;  // number of the spool segment removed last: gone, even if its file is there; 0: none
};
static_assert(sizeof(ArenaCommit) == 32);

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
  std::uint32_t zero;
  std::uint64_t
      first_sequence;  // of the first record; 1, or above what a spool held when this arena was made

  // commits[selector % 2] holds. Stored with release after that commit and the books' copies are complete; read by a
  // successor.
  alignas(kCacheLineBytes) std::atomic<std::uint64_t> selector;
  alignas(kCacheLineBytes) ArenaCommit commits[2];
};
static_assert(offsetof(ArenaHeader, arena_id) == 24);
static_assert(offsetof(ArenaHeader, max_event_bytes) == 40);
static_assert(offsetof(ArenaHeader, ever_connected) == 48);
static_assert(offsetof(ArenaHeader, first_sequence) == 56);
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

// One of a book's two copies.
struct BookTotals {
  std::uint64_t tag;        // the selector that makes it true
  std::uint64_t delivered;  // of records in chunks freed so far
  std::uint64_t dead;
  std::uint64_t spooled;
  std::uint64_t disk_delivered;  // of records in spool segments removed so far
  std::uint64_t disk_dead;
  std::uint64_t disk_foreign;  // how many of these two another arena had accepted
};
static_assert(sizeof(BookTotals) == 56);

// Books are only ever added, one behind the other. The first has no name: it is that of topics that are not listed, and of
// all that find the table full.
struct alignas(kCacheLineBytes) ArenaBook {
  std::atomic<std::uint32_t>
      name_size;  // release: the name is complete; 0: there is no such book yet; read by a successor
  std::array<char, kTopicNameMaxBytes> name;
  std::array<char, 3> zero;
  std::array<BookTotals, 2> totals;
};
static_assert(offsetof(ArenaBook, name) == 4);
static_assert(offsetof(ArenaBook, totals) == 256);
static_assert(sizeof(ArenaBook) == 384);

// In place of a lane's id: the record is a dead letter that is tried again, and lane_position is the letter's place (packed
// as daemon/store does). No lane has this id, and positions of lanes are not to be learned from it.
inline constexpr std::uint64_t kReplayLane = 0xFFFFFFFFFFFFFFFF;

inline constexpr std::uint32_t kBooksMax = 1024;

inline constexpr std::size_t kArenaTableOffset = kPageBytes;
constexpr std::uint64_t arena_books_offset(std::size_t chunk_count) {
  const std::size_t table_end = kArenaTableOffset + chunk_count * sizeof(ArenaChunk);
  return (table_end + kPageBytes - 1) / kPageBytes * kPageBytes;
}
constexpr std::uint64_t arena_chunks_offset(std::size_t chunk_count) {
  return arena_books_offset(chunk_count) + kBooksMax * sizeof(ArenaBook);
}
static_assert(kBooksMax * sizeof(ArenaBook) % kPageBytes == 0);

enum class ArenaState : std::uint32_t {
  kWaiting = 0,
  kHanded = 1,
  kDelivered = 2,
  kDead = 3,
  kSpooled = 4,  // ended here: its bytes are on disk
  kOverdue = 5,  // handed, and its deadline has passed: counts as dead, and is still to end
};

// The size of a cache line.
struct ArenaPrefix {
  std::uint64_t sequence;
  std::uint32_t size;                // of prefix and record
  std::atomic<std::uint32_t> state;  // ArenaState; read by a successor
  std::int32_t partition;            // -1: not chosen yet
  std::uint32_t stay;                // the daemon's own; nothing to a successor
  std::uint64_t lane_id;
  std::uint64_t lane_position;  // in that lane, behind this record; see kReplayLane
  std::int64_t create_time_ms;  // Unix epoch
  std::uint32_t book;           // of its topic
  std::uint32_t client_uid;     // who published it, as of the socket
  std::int32_t client_pid;
  std::uint32_t attempts;  // hand-overs so far, each counted before its state says so
};
static_assert(sizeof(ArenaPrefix) == 64);
static_assert(offsetof(ArenaPrefix, state) == 12);
static_assert(offsetof(ArenaPrefix, lane_id) == 24);
static_assert(offsetof(ArenaPrefix, book) == 48);
static_assert(offsetof(ArenaPrefix, attempts) == 60);

}  // namespace ringpost::ipc
