// Boards: what the daemon tells its clients, in memory that only the daemon can write. Sealed so that no
// later mapping of them can be writable; never changed in size; a new daemon makes new ones.
//
// The client board, one a client:
//
//     0          64         128
//     ├──────────┼──────────┼────────┬────────┬───────────────────┐
//     │ identity │ standing │ slot 0 │ slot 1 │ ... 64 bytes each │   a slot: one lane's released position,
//     └──────────┴──────────┴────────┴────────┴───────────────────┘   that lane's for life
//
// The instance board, one an instance, the same for all clients that may use it:
//
//     0          128        192        256         320
//     ├──────────┼──────────┼──────────┼───────────┼───────────────────┬─────────────────────┐
//     │ identity │ state    │ doorbell │ topic     │ index: hash →     │ topics: name, kind, │
//     │ and name │          │          │ counts    │ topic number + 1  │ flags, limit        │
//     └──────────┴──────────┴──────────┴───────────┴───────────────────┴─────────────────────┘
//
// Topics are only ever added: a topic's name and kind are written before its index entry is stored with
// release.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipc/limits.hpp"

namespace ringpost::ipc {

inline constexpr std::uint64_t kClientBoardMagic = 0x6472616f42545352;    // "RSTBoard"
inline constexpr std::uint64_t kInstanceBoardMagic = 0x6472616f42534e49;  // "INSBoard"
inline constexpr std::uint32_t kBoardVersion = 1;

enum class Standing : std::uint32_t {
  kServed = 0,
  kStopping = 1,  // the daemon is shutting down: what is in the lanes is drained, nothing new is taken
  kCutOff = 2,    // this client's memory was malformed: its calls fail from now on
};

struct alignas(kCacheLineBytes) BoardSlot {
  // Stored by LaneReader::release, loaded by LaneWriter::reserve.
  std::atomic<std::uint64_t> released;
};
static_assert(sizeof(BoardSlot) == kCacheLineBytes);

// A cache line for each writer. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct ClientBoard {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t slot_count;
  std::uint64_t client_id;

  // Standing. Relaxed on both sides: it orders nothing.
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> standing;

  alignas(kCacheLineBytes) BoardSlot slots[kBoardSlotsMax];
};
static_assert(offsetof(ClientBoard, standing) == 64);
static_assert(offsetof(ClientBoard, slots) == 128);

enum class Admission : std::uint32_t {
  kAccept = 0,
  kNotConnected = 1,  // by the instance's policy
  kDisabled = 2,      // enabled = false: delivers what it has
};

enum class TopicKind : std::uint16_t { kName = 0, kPrefix = 1 };

enum TopicFlags : std::uint32_t {
  kTopicMissing = 1u << 0,    // the cluster says that there is no such topic
  kTopicCompacted = 1u << 1,  // refuses null keys
  kTopicFull = 1u << 2,       // at its share of the buffer
};

struct TopicEntry {
  std::uint16_t name_size;
  TopicKind kind;
  std::atomic<std::uint32_t> flags;            // TopicFlags; relaxed: a verdict may come a moment late
  std::atomic<std::uint32_t> max_event_bytes;  // key + headers + message; 0: the instance's limit
  char name[kTopicNameMaxBytes + 3];
};
static_assert(sizeof(TopicEntry) == 264);

inline constexpr std::size_t kTopicIndexSize =
    std::size_t{2} * kTopicsPerInstanceMax;  // at most half full: short probes

// A cache line for each writer. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct InstanceBoard {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t name_size;
  char name[kInstanceNameMaxBytes];

  // Figures and verdicts for the call's checks and messages. Relaxed on both sides: none orders another.
  alignas(128) std::atomic<std::uint32_t> admission;  // Admission
  std::atomic<std::uint32_t> connected;               // 1: at least one broker is up
  std::atomic<std::int64_t> disconnected_since_ns;    // CLOCK_MONOTONIC, while connected is 0
  std::atomic<std::uint64_t> waiting_events;          // in the buffer, not yet delivered
  std::atomic<std::uint64_t> buffer_used_bytes;
  std::atomic<std::uint64_t> buffer_bytes;
  std::atomic<std::uint64_t> max_event_bytes;  // key + headers + message

  // 0: the drainer is awake. Otherwise the number of this sleep: a channel rings for each number
  // (doorbell.hpp: the daemon's membarrier orders this store before its last look at the tails).
  alignas(kCacheLineBytes) std::atomic<std::uint32_t> doorbell_armed;

  alignas(kCacheLineBytes) std::atomic<std::uint32_t> topic_count;
  std::atomic<std::uint32_t> any_topic;     // topics = "*"
  std::atomic<std::uint32_t> prefix_count;  // prefixes are few: topics[0..prefix_count) are they
  alignas(kCacheLineBytes) std::atomic<std::uint16_t> index[kTopicIndexSize];  // topic number + 1; 0: free
  TopicEntry topics[kTopicsPerInstanceMax];
};
static_assert(offsetof(InstanceBoard, admission) == 128);
static_assert(offsetof(InstanceBoard, doorbell_armed) == 192);
static_assert(offsetof(InstanceBoard, topic_count) == 256);
static_assert(offsetof(InstanceBoard, index) == 320);

}  // namespace ringpost::ipc
