// A record: one event as it lies in a lane and, behind a prefix, in the arena.
//
//      0        4        6        8                16               24
//      ├────────┼────────┼────────┼────────────────┼────────────────┤
//      │ size   │ flags  │ header │ sequence       │ stamp_ns       │
//      │        │        │ _count │                │                │
//     24       26       28       32       36       40
//      ├────────┼────────┼────────┼────────┼────────┼───────┬─────┬─────────┬─────────┬─────┐
//      │ topic  │ zero   │ key    │ headers│ message│ topic │ key │ headers │ message │ pad │
//      │ _size  │        │ _size  │ _size  │ _size  │       │     │         │         │ to 8│
//      └────────┴────────┴────────┴────────┴────────┴───────┴─────┴─────────┴─────────┴─────┘
//
// Little-endian. `size` counts everything, padding too, and is a multiple of 8. The message comes last, so
// that a writer may reserve more than it then needs. The headers are packed without alignment, each as
//
//      name_size u16 │ value_size u32 (0xFFFFFFFF: null) │ name │ value
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "ipc/limits.hpp"

namespace ringpost::ipc {

static_assert(std::endian::native == std::endian::little, "the layouts are little-endian");

enum RecordFlags : std::uint16_t {
  kRecordHasKey = 1u << 0,  // without it the key is null; an empty key is a key
  kRecordFlagsKnown = kRecordHasKey,
};

struct RecordHeader {
  std::uint32_t size;
  std::uint16_t flags;
  std::uint16_t header_count;
  std::uint64_t sequence;  // 1 for a lane's first record, then the one before + 1
  std::int64_t stamp_ns;   // CLOCK_MONOTONIC, taken after the lane was claimed and before the tail was stored
  std::uint16_t topic_size;
  std::uint16_t zero;
  std::uint32_t key_size;
  std::uint32_t headers_size;
  std::uint32_t message_size;
};
static_assert(sizeof(RecordHeader) == 40);
static_assert(offsetof(RecordHeader, sequence) == 8);
static_assert(offsetof(RecordHeader, stamp_ns) == 16);
static_assert(offsetof(RecordHeader, topic_size) == 24);
static_assert(offsetof(RecordHeader, key_size) == 28);
static_assert(offsetof(RecordHeader, headers_size) == 32);
static_assert(offsetof(RecordHeader, message_size) == 36);

inline constexpr std::size_t kRecordAlignBytes = 8;
inline constexpr std::uint32_t kNullHeaderValue = 0xFFFFFFFF;
inline constexpr std::size_t kHeaderPrefixBytes = sizeof(std::uint16_t) + sizeof(std::uint32_t);

constexpr std::size_t align_record(std::size_t bytes) {
  return (bytes + kRecordAlignBytes - 1) & ~(kRecordAlignBytes - 1);
}

// The largest record of an event (key + headers + message) of so many bytes.
constexpr std::size_t record_bytes_max(std::size_t event_bytes) {
  return align_record(sizeof(RecordHeader) + kTopicNameMaxBytes + event_bytes);
}

struct HeaderField {
  std::string_view name;
  std::optional<std::string_view> value;  // nullopt: a null header
};

constexpr std::size_t header_field_bytes(const HeaderField& field) {
  return kHeaderPrefixBytes + field.name.size() + (field.value ? field.value->size() : 0);
}

// Appends one header at `to`, which has header_field_bytes() of room; returns the end.
std::byte* write_header_field(std::byte* to, const HeaderField& field);

// Walks a headers block that parse_record() has accepted.
class HeaderReader {
 public:
  explicit HeaderReader(std::span<const std::byte> block) : rest_(block) {}
  std::optional<HeaderField> next();

 private:
  std::span<const std::byte> rest_;
};

// A record taken apart; the views point into the bytes that were parsed.
struct RecordView {
  RecordHeader header{};
  std::string_view topic;
  std::optional<std::string_view> key;
  std::span<const std::byte> headers;
  std::string_view message;

  std::size_t event_bytes() const {
    return header.key_size + header.headers_size + std::size_t{header.message_size};
  }
};

enum class RecordError : std::uint8_t {
  kNone,
  kShort,    // fewer bytes than a header, or than its size says
  kSize,     // not a multiple of 8, or not the sum of its parts
  kFlags,    // a flag or a field that this version does not know
  kTopic,    // empty, too long, or a character that no topic has
  kKey,      // a size where there is no key
  kHeaders,  // count and block disagree, or the reserved name
};
std::string_view to_string(RecordError error);

// Takes the record at the front of `bytes` apart. `bytes` must be private memory: the writer of a lane can
// change a lane at any time. Checks everything but the sequence and the stamp, which need the record before,
// and the message's grammar.
RecordError parse_record(std::span<const std::byte> bytes, RecordView& view);

inline constexpr std::string_view kReservedHeaderName = "ringpost-id";

// [A-Za-z0-9._-]{1,249}, and neither "." nor "..".
bool is_topic_name(std::string_view name);
// [a-z0-9]{1,64}
bool is_instance_name(std::string_view name);

}  // namespace ringpost::ipc
