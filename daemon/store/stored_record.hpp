// Payloads of the two logs: a record that waits on disk, and a dead letter.
//
//     record:  0 arena_id [16] │ 16 sequence u64 │ 24 stamp_ns i64 │ 32 create_time_ms i64 │ 40 client_uid u32
//              │ 44 client_pid i32 │ 48 attempts u32 │ 52 partition i32 │ 56 moved_from u64 │ 64 replay_of u64
//              │ 72 record_bytes u32 │ 76 flags u32 │ 80 the record (ipc/record.hpp)
//     letter:  the 80 bytes above │ 80 time_ms i64 │ 88 code i32 │ 92 reason u8 │ 93 instance_size u8
//              │ 94 client_size u8 │ 95 zero u8 │ 96 detail_size u16 │ 98 zero [6] │ 104 instance │ client │ detail
//              │ the record
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "ipc/record.hpp"

namespace ringpost::daemon {

enum StoredFlags : std::uint32_t {
  kRunBegins = 1u << 0,  // the first of records that followed each other in one queue
  kRunEnds = 1u << 1,    // the last of them
  kStoredFlagsKnown = kRunBegins | kRunEnds,
};

// Marks in a spool.
inline constexpr std::uint8_t kSpoolDelivered = 1;
inline constexpr std::uint8_t kSpoolDead = 2;
inline constexpr std::uint8_t kSpoolMoved =
    3;  // it is somewhere else now: in another place, or in the arena still
inline constexpr std::uint8_t kSpoolBroughtBack =
    4;  // it may have been handed over; argument: and how many in all from it on
// Marks on letters.
inline constexpr std::uint8_t kLetterVoided = 1;  // acknowledged after all
inline constexpr std::uint8_t kLetterReplayed = 2;
inline constexpr std::uint8_t kLetterPurged = 3;

struct StoredRecord {
  std::array<std::uint8_t, 16> arena_id{};
  std::uint64_t sequence = 0;
  std::int64_t stamp_ns = 0;  // CLOCK_MONOTONIC of the segment's boot
  std::int64_t create_time_ms = 0;
  std::uint32_t client_uid = 0;
  std::int32_t client_pid = 0;
  std::uint32_t attempts = 0;  // how often it was handed over
  std::int32_t partition = -1;
  std::uint64_t moved_from = 0;       // the packed Place of what this is a copy of
  std::uint32_t flags = 0;            // StoredFlags
  std::uint64_t replay_of = 0;        // the packed Place of the dead letter that is tried again
  std::span<const std::byte> record;  // points into the payload
  ipc::RecordView view;               // decode() sets it: the record taken apart
};

// Their numbers are in files: they stay.
enum class LetterReason : std::uint8_t {
  kRefusedByBroker = 1,
  kUnknownTopic = 2,
  kTimedOut = 3,
  kOutcomeUnknown = 4,  // it may have arrived
  kDisabled = 5,
  kDenied = 6,
  kTopicRemoved = 7,
  kTooLarge = 8,
  kNullKey = 9,
  kInvalidJson = 10,
  kTooManyUnknownTopics = 11,
  kInstanceRemoved = 12,
  kDamagedOnDisk = 13,  // the only one that may be without a record
};
std::string_view to_string(
    LetterReason reason);  // "refused_by_broker"; "unknown" for what a later version wrote
std::optional<LetterReason> letter_reason(std::string_view name);

inline constexpr std::size_t kLetterDetailMaxBytes =
    1024;  // encode() cuts what is longer, between characters

struct StoredLetter {
  StoredRecord record;
  LetterReason reason = LetterReason::kRefusedByBroker;
  std::int32_t code = 0;     // librdkafka's; 0: none
  std::int64_t time_ms = 0;  // CLOCK_REALTIME, when it became one
  std::string_view instance;
  std::string_view client;  // may be empty
  std::string_view detail;  // in words, as the broker or librdkafka has it
};

// Appends the payload; many can share a buffer.
void encode(const StoredRecord& record, std::vector<std::byte>& to);
void encode(const StoredLetter& letter, std::vector<std::byte>& to);

// Empty, or what is wrong with it. Checks everything but the JSON.
std::string_view decode(std::span<const std::byte> payload, StoredRecord& record);
std::string_view decode(std::span<const std::byte> payload, StoredLetter& letter);

}  // namespace ringpost::daemon
