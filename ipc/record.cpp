#include "ipc/record.hpp"

#include <algorithm>
#include <cstring>

namespace ringpost::ipc {
namespace {

std::string_view text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename T>
T load(std::span<const std::byte> bytes, std::size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

// One header off the front of `rest`; false when what is there is no header.
bool take_header_field(std::span<const std::byte>& rest, HeaderField& field) {
  if (rest.size() < kHeaderPrefixBytes) return false;
  const std::size_t name_size = load<std::uint16_t>(rest, 0);
  const auto value_size = load<std::uint32_t>(rest, sizeof(std::uint16_t));
  const std::size_t value_bytes = value_size == kNullHeaderValue ? 0 : value_size;
  if (rest.size() - kHeaderPrefixBytes < name_size + value_bytes) return false;
  field.name = text(rest.subspan(kHeaderPrefixBytes, name_size));
  field.value.reset();
  if (value_size != kNullHeaderValue)
    field.value = text(rest.subspan(kHeaderPrefixBytes + name_size, value_bytes));
  rest = rest.subspan(kHeaderPrefixBytes + name_size + value_bytes);
  return true;
}

bool headers_are_sound(std::span<const std::byte> block, std::size_t count) {
  HeaderField field;
  for (std::size_t taken = 0; taken < count; ++taken) {
    if (!take_header_field(block, field)) return false;
    if (field.name.empty() || field.name.size() > kHeaderNameMaxBytes || field.name == kReservedHeaderName)
      return false;
  }
  return block.empty();
}

bool is_topic_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

}  // namespace

std::byte* write_header_field(std::byte* to, const HeaderField& field) {
  const auto name_size = static_cast<std::uint16_t>(field.name.size());
  const auto value_size = field.value ? static_cast<std::uint32_t>(field.value->size()) : kNullHeaderValue;
  std::memcpy(to, &name_size, sizeof name_size);
  std::memcpy(to + sizeof name_size, &value_size, sizeof value_size);
  to += kHeaderPrefixBytes;
  std::memcpy(to, field.name.data(), field.name.size());
  to += field.name.size();
  if (!field.value || field.value->empty()) return to;
  std::memcpy(to, field.value->data(), field.value->size());
  return to + field.value->size();
}

std::optional<HeaderField> HeaderReader::next() {
  HeaderField field;
  if (!take_header_field(rest_, field)) return std::nullopt;
  return field;
}

RecordError parse_record(std::span<const std::byte> bytes, RecordView& view) {
  if (bytes.size() < sizeof(RecordHeader)) return RecordError::kShort;
  RecordHeader& header = view.header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.size > bytes.size()) return RecordError::kShort;

  const std::size_t event_bytes = std::size_t{header.key_size} + header.headers_size + header.message_size;
  if (event_bytes > kEventMaxBytes) return RecordError::kSize;
  if (header.size != align_record(sizeof header + header.topic_size + event_bytes)) return RecordError::kSize;
  if ((header.flags & ~kRecordFlagsKnown) != 0 || header.zero != 0) return RecordError::kFlags;

  auto rest = bytes.subspan(sizeof header);
  const auto take = [&rest](std::size_t size) {
    const auto part = rest.first(size);
    rest = rest.subspan(size);
    return part;
  };
  view.topic = text(take(header.topic_size));
  if (!is_topic_name(view.topic)) return RecordError::kTopic;

  const bool has_key = (header.flags & kRecordHasKey) != 0;
  if (!has_key && header.key_size != 0) return RecordError::kKey;
  const auto key = take(header.key_size);
  view.key.reset();
  if (has_key) view.key = text(key);

  view.headers = take(header.headers_size);
  if (header.header_count > kHeaderCountMax) return RecordError::kHeaders;
  if (!headers_are_sound(view.headers, header.header_count)) return RecordError::kHeaders;
  view.message = text(take(header.message_size));
  return RecordError::kNone;
}

std::string_view to_string(RecordError error) {
  switch (error) {
    case RecordError::kNone:
      return "none";
    case RecordError::kShort:
      return "shorter than its size";
    case RecordError::kSize:
      return "a size that is not the sum of its parts";
    case RecordError::kFlags:
      return "unknown flags";
    case RecordError::kTopic:
      return "not a topic name";
    case RecordError::kKey:
      return "a key size without a key";
    case RecordError::kHeaders:
      return "malformed headers";
  }
  return "unknown";
}

bool is_topic_name(std::string_view name) {
  if (name.empty() || name.size() > kTopicNameMaxBytes || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), is_topic_character);
}

bool is_instance_name(std::string_view name) {
  if (name.empty() || name.size() > kInstanceNameMaxBytes) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

}  // namespace ringpost::ipc
