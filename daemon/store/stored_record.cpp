#include "daemon/store/stored_record.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

#include "ipc/limits.hpp"

namespace ringpost::daemon {
namespace {

struct RecordLayout {
  std::array<std::uint8_t, 16> arena_id;
  std::uint64_t sequence;
  std::int64_t stamp_ns;
  std::int64_t create_time_ms;
  std::uint32_t client_uid;
  std::int32_t client_pid;
  std::uint32_t attempts;
  std::int32_t partition;
  std::uint64_t moved_from;
  std::uint64_t replay_of;
  std::uint32_t record_bytes;
  std::uint32_t flags;
};
static_assert(sizeof(RecordLayout) == 80);
static_assert(offsetof(RecordLayout, sequence) == 16);
static_assert(offsetof(RecordLayout, stamp_ns) == 24);
static_assert(offsetof(RecordLayout, create_time_ms) == 32);
static_assert(offsetof(RecordLayout, client_uid) == 40);
static_assert(offsetof(RecordLayout, client_pid) == 44);
static_assert(offsetof(RecordLayout, attempts) == 48);
static_assert(offsetof(RecordLayout, partition) == 52);
static_assert(offsetof(RecordLayout, moved_from) == 56);
static_assert(offsetof(RecordLayout, replay_of) == 64);
static_assert(offsetof(RecordLayout, record_bytes) == 72);
static_assert(offsetof(RecordLayout, flags) == 76);

struct LetterLayout {
  std::int64_t time_ms;
  std::int32_t code;
  std::uint8_t reason;
  std::uint8_t instance_size;
  std::uint8_t client_size;
  std::uint8_t zero;
  std::uint16_t detail_size;
  std::array<std::uint8_t, 6> zeros;
};
static_assert(sizeof(LetterLayout) == 24);
static_assert(offsetof(LetterLayout, code) == 8);
static_assert(offsetof(LetterLayout, reason) == 12);
static_assert(offsetof(LetterLayout, instance_size) == 13);
static_assert(offsetof(LetterLayout, client_size) == 14);
static_assert(offsetof(LetterLayout, detail_size) == 16);
static_assert(offsetof(LetterLayout, zeros) == 18);

constexpr std::string_view kTooShort = "shorter than its parts";

struct ReasonName {
  LetterReason reason;
  std::string_view name;
};
constexpr std::array kReasonNames = {
    ReasonName{LetterReason::kRefusedByBroker, "refused_by_broker"},
    ReasonName{LetterReason::kUnknownTopic, "unknown_topic"},
    ReasonName{LetterReason::kTimedOut, "timed_out"},
    ReasonName{LetterReason::kOutcomeUnknown, "outcome_unknown"},
    ReasonName{LetterReason::kDisabled, "disabled"},
    ReasonName{LetterReason::kDenied, "denied"},
    ReasonName{LetterReason::kTopicRemoved, "topic_removed"},
    ReasonName{LetterReason::kTooLarge, "too_large"},
    ReasonName{LetterReason::kNullKey, "null_key"},
    ReasonName{LetterReason::kInvalidJson, "invalid_json"},
    ReasonName{LetterReason::kTooManyUnknownTopics, "too_many_unknown_topics"},
    ReasonName{LetterReason::kInstanceRemoved, "instance_removed"},
    ReasonName{LetterReason::kDamagedOnDisk, "damaged_on_disk"},
};

template <typename T>
void add(const T& value, std::vector<std::byte>& to) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void add_text(std::string_view text, std::vector<std::byte>& to) {
  const auto bytes = std::as_bytes(std::span(text));
  to.insert(to.end(), bytes.begin(), bytes.end());
}

// False where there are fewer bytes.
template <typename T>
bool take(std::span<const std::byte>& rest, T& value) {
  if (rest.size() < sizeof value) return false;
  std::memcpy(&value, rest.data(), sizeof value);
  rest = rest.subspan(sizeof value);
  return true;
}

bool take_text(std::span<const std::byte>& rest, std::size_t size, std::string_view& text) {
  if (rest.size() < size) return false;
  text = {reinterpret_cast<const char*>(rest.data()), size};
  rest = rest.subspan(size);
  return true;
}

// The beginning of a text, of so many bytes at most; a character of UTF-8 is not taken apart.
std::string_view shortened(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end != 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

RecordLayout layout_of(const StoredRecord& record) {
  assert(record.record.size() <= std::numeric_limits<std::uint32_t>::max());
  return {record.arena_id,
          record.sequence,
          record.stamp_ns,
          record.create_time_ms,
          record.client_uid,
          record.client_pid,
          record.attempts,
          record.partition,
          record.moved_from,
          record.replay_of,
          static_cast<std::uint32_t>(record.record.size()),
          record.flags};
}

void take_layout(const RecordLayout& layout, StoredRecord& record) {
  record.arena_id = layout.arena_id;
  record.sequence = layout.sequence;
  record.stamp_ns = layout.stamp_ns;
  record.create_time_ms = layout.create_time_ms;
  record.client_uid = layout.client_uid;
  record.client_pid = layout.client_pid;
  record.attempts = layout.attempts;
  record.partition = layout.partition;
  record.moved_from = layout.moved_from;
  record.replay_of = layout.replay_of;
  record.flags = layout.flags;
}

// The record's bytes, which are all that is left.
std::string_view decode_bytes(const RecordLayout& layout, std::span<const std::byte> rest,
                              StoredRecord& record) {
  take_layout(layout, record);
  if ((layout.flags & ~kStoredFlagsKnown) != 0) return "unknown flags";
  if (layout.partition < -1) return "no partition";
  if (layout.record_bytes != rest.size()) return "a size that is not the sum of its parts";
  record.record = rest;
  const ipc::RecordError error = ipc::parse_record(rest, record.view);
  if (error != ipc::RecordError::kNone) return ipc::to_string(error);
  if (record.view.header.size != rest.size()) return "bytes behind its record";
  return {};
}

}  // namespace

std::string_view to_string(LetterReason reason) {
  for (const ReasonName& entry : kReasonNames) {
    if (entry.reason == reason) return entry.name;
  }
  return "unknown";
}

std::optional<LetterReason> letter_reason(std::string_view name) {
  for (const ReasonName& entry : kReasonNames) {
    if (entry.name == name) return entry.reason;
  }
  return std::nullopt;
}

void encode(const StoredRecord& record, std::vector<std::byte>& to) {
  add(layout_of(record), to);
  to.insert(to.end(), record.record.begin(), record.record.end());
}

void encode(const StoredLetter& letter, std::vector<std::byte>& to) {
  const std::string_view instance = shortened(letter.instance, ipc::kInstanceNameMaxBytes);
  const std::string_view client = shortened(letter.client, ipc::kClientNameMaxBytes);
  const std::string_view detail = shortened(letter.detail, kLetterDetailMaxBytes);
  add(layout_of(letter.record), to);
  add(LetterLayout{letter.time_ms,
                   letter.code,
                   static_cast<std::uint8_t>(letter.reason),
                   static_cast<std::uint8_t>(instance.size()),
                   static_cast<std::uint8_t>(client.size()),
                   0,
                   static_cast<std::uint16_t>(detail.size()),
                   {}},
      to);
  add_text(instance, to);
  add_text(client, to);
  add_text(detail, to);
  to.insert(to.end(), letter.record.record.begin(), letter.record.record.end());
}

std::string_view decode(std::span<const std::byte> payload, StoredRecord& record) {
  RecordLayout layout;
  if (!take(payload, layout)) return kTooShort;
  return decode_bytes(layout, payload, record);
}

std::string_view decode(std::span<const std::byte> payload, StoredLetter& letter) {
  RecordLayout layout;
  LetterLayout facts;
  if (!take(payload, layout) || !take(payload, facts)) return kTooShort;
  letter.time_ms = facts.time_ms;
  letter.code = facts.code;
  letter.reason = static_cast<LetterReason>(facts.reason);
  const bool nothing_unknown = facts.zero == 0 && std::all_of(facts.zeros.begin(), facts.zeros.end(),
                                                              [](auto zero) { return zero == 0; });
  if (!nothing_unknown) return "unknown fields";
  if (!take_text(payload, facts.instance_size, letter.instance) ||
      !take_text(payload, facts.client_size, letter.client) ||
      !take_text(payload, facts.detail_size, letter.detail))
    return kTooShort;
  if (!ipc::is_instance_name(letter.instance)) return "no instance's name";
  if (letter.client.size() > ipc::kClientNameMaxBytes || letter.detail.size() > kLetterDetailMaxBytes)
    return "a text that is too long";
  if (letter.reason == LetterReason::kDamagedOnDisk && layout.record_bytes == 0 && payload.empty()) {
    take_layout(layout, letter.record);
    letter.record.record = {};
    letter.record.view = {};
    return {};
  }
  return decode_bytes(layout, payload, letter.record);
}

}  // namespace ringpost::daemon
