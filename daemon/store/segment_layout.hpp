// A log's files, byte by byte. KIND is "spool" or "letters", NUMBER has 16 hexadecimal digits.
//
//     KIND-NUMBER.log
//     0        64                                       a multiple of 8
//     ├────────┼─────────┬─────────┬───────┬─────────┬─────────┬───────┬─ ─ ─
//     │ header │ frame   │ payload │ 0 … 7 │ frame   │ payload │ 0 … 7 │
//     │        │ header  │         │ zeros │ header  │         │ zeros │
//     └────────┴─────────┴─────────┴───────┴─────────┴─────────┴───────┴─ ─ ─
//
//     segment header:  0 magic u64 │ 8 version u32 │ 12 kind u32 │ 16 number u32 │ 20 salt u32 │ 24 boot_id [16]
//                      │ 40 created_ms i64 │ 48 zero [12] │ 60 crc32c u32, of the 60 bytes before
//     frame header:    0 payload_bytes u32 │ 4 payload_crc32c u32 │ 8 salt u32
//                      │ 12 crc32c u32, of the 12 bytes before, behind offset / 8
//
//     KIND-NUMBER.marks: entries of 16 bytes
//     mark:            0 offset of the frame / 8 u32 │ 4 mark u8 │ 5 zero [3] │ 8 argument u32
//                      │ 12 crc32c u32, of the 12 bytes before, behind the segment's salt
//
//     KIND-NUMBER.log.damaged-OFFSET: a copy of the bytes of the segment from there on that could not be understood
//
// Little-endian. A frame header is whole at one offset of one segment only: bytes within a payload, which a client may
// have chosen, don't pass for a frame when what is around them is damaged. That is what the salt is for, a random number
// of the segment; frames repeat it so that they are found without the segment's header.
//
// Later versions keep magic, version, kind, number and the crc32c where they are.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace ringpost::daemon {

enum class Kind : std::uint32_t { kSpool = 1, kLetters = 2 };

inline constexpr std::uint64_t kSegmentMagic = 0x676f6c74736f5052;  // "RPostlog"
inline constexpr std::uint32_t kSegmentVersion = 1;
inline constexpr std::size_t kFrameAlignBytes = 8;
inline constexpr std::uint32_t kFramePayloadMaxBytes = 96u << 20;  // an event has 64 MiB at most
inline constexpr std::uint32_t kSegmentMaxBytes = 1u << 31;        // offsets have 32 bits
inline constexpr std::uint32_t kSegmentNumberMax = 0x7FFFFFFF;

struct SegmentHeader {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t kind;
  std::uint32_t number;
  std::uint32_t salt;
  std::array<std::uint8_t, 16> boot_id;  // of the boot whose CLOCK_MONOTONIC the stamps are
  std::int64_t created_ms;               // CLOCK_REALTIME
  std::array<std::uint8_t, 12> zero;
  std::uint32_t crc32c;
};
static_assert(sizeof(SegmentHeader) == 64);
static_assert(offsetof(SegmentHeader, version) == 8);
static_assert(offsetof(SegmentHeader, kind) == 12);
static_assert(offsetof(SegmentHeader, number) == 16);
static_assert(offsetof(SegmentHeader, salt) == 20);
static_assert(offsetof(SegmentHeader, boot_id) == 24);
static_assert(offsetof(SegmentHeader, created_ms) == 40);
static_assert(offsetof(SegmentHeader, zero) == 48);
static_assert(offsetof(SegmentHeader, crc32c) == 60);

struct FrameHeader {
  std::uint32_t payload_bytes;  // 1 at least
  std::uint32_t payload_crc32c;
  std::uint32_t salt;
  std::uint32_t crc32c;
};
static_assert(sizeof(FrameHeader) == 16);
static_assert(offsetof(FrameHeader, payload_crc32c) == 4);
static_assert(offsetof(FrameHeader, salt) == 8);
static_assert(offsetof(FrameHeader, crc32c) == 12);

struct MarkEntry {
  std::uint32_t offset_by_8;
  std::uint8_t mark;
  std::array<std::uint8_t, 3> zero;
  std::uint32_t argument;
  std::uint32_t crc32c;
};
static_assert(sizeof(MarkEntry) == 16);
static_assert(offsetof(MarkEntry, mark) == 4);
static_assert(offsetof(MarkEntry, argument) == 8);
static_assert(offsetof(MarkEntry, crc32c) == 12);

// What a payload takes in a segment.
constexpr std::size_t frame_bytes(std::size_t payload_bytes) {
  return (sizeof(FrameHeader) + payload_bytes + kFrameAlignBytes - 1) & ~(kFrameAlignBytes - 1);
}

// Where a frame begins.
struct Place {
  std::uint32_t segment = 0;  // 0: nowhere
  std::uint32_t offset = 0;

  friend constexpr auto operator<=>(const Place&, const Place&) = default;
};
constexpr std::uint64_t pack(Place place) { return std::uint64_t{place.segment} << 32U | place.offset; }
constexpr Place unpack(std::uint64_t packed) {
  return {static_cast<std::uint32_t>(packed >> 32U), static_cast<std::uint32_t>(packed)};
}

}  // namespace ringpost::daemon
