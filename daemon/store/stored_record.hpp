// Payloads of the two logs: a record that waits on disk, and a dead letter.
//
//     record:  0 arena_id [16] │ 16 sequence u64 │ 24 stamp_ns i64 │ 32 create_time_ms i64 │ 40 client_uid u32
//              │ 44 client_pid i32 │ 48 attempts u32 │ 52 partition i32 │ 56 flags u32 │ 60 record_bytes u32
//              │ 64 the record (ipc/record.hpp)
//     letter:  the 64 bytes above │ 64 time_ms i64 │ 72 code i32 │ 76 reason u8 │ 77 instance_size u8
//              │ 78 client_size u8 │ 79 zero u8 │ 80 detail_size u16 │ 82 zero [6] │ 88 instance │ client │ detail
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
  kMovedCopy = 1u << 0,  // its bytes were on disk before, at a place that has or gets the mark kSpoolMoved
  kStoredFlagsKnown = kMovedCopy,
};

// Marks in a spool.
inline constexpr std::uint8_t kSpoolDelivered = 1;
inline constexpr std::uint8_t kSpoolDead = 2;
inline constexpr std::uint8_t kSpoolMoved = 3;
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
  std::uint32_t flags = 0;
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
