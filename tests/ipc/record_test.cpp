// The record's bytes: what is written comes out again, and what is not a record is not taken for one.
#include "ipc/record.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace ringpost::ipc {
namespace {

using namespace std::string_view_literals;

struct Parts {
  std::string topic = "orders";
  std::optional<std::string> key = "key";
  std::vector<HeaderField> headers = {};
  std::string message = R"({"id":1})";
};

std::vector<std::byte> bytes_of(const Parts& parts) {
  std::size_t headers_bytes = 0;
  for (const HeaderField& field : parts.headers) headers_bytes += header_field_bytes(field);
  RecordHeader header{};
  header.flags = parts.key ? kRecordHasKey : 0;
  header.header_count = static_cast<std::uint16_t>(parts.headers.size());
  header.sequence = 7;
  header.stamp_ns = 42;
  header.topic_size = static_cast<std::uint16_t>(parts.topic.size());
  header.key_size = static_cast<std::uint32_t>(parts.key ? parts.key->size() : 0);
  header.headers_size = static_cast<std::uint32_t>(headers_bytes);
  header.message_size = static_cast<std::uint32_t>(parts.message.size());
  header.size = static_cast<std::uint32_t>(align_record(sizeof header + parts.topic.size() + header.key_size +
                                                        headers_bytes + parts.message.size()));
  std::vector<std::byte> bytes(header.size);
  std::memcpy(bytes.data(), &header, sizeof header);
  std::byte* to = bytes.data() + sizeof header;
  const auto put = [&to](std::string_view text) {
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    to += text.size();
  };
  put(parts.topic);
  if (parts.key) put(*parts.key);
  for (const HeaderField& field : parts.headers) to = write_header_field(to, field);
  put(parts.message);
  return bytes;
}

// Overwrites a field of the header.
template <typename T>
std::vector<std::byte> with(std::vector<std::byte> bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
  return bytes;
}

RecordError parse(const std::vector<std::byte>& bytes) {
  RecordView view;
  return parse_record(bytes, view);
}

TEST(Record, comes_out_as_it_went_in) {
  const Parts parts{.headers = {{"h1", "v1"}, {"null", std::nullopt}, {"h1", ""}, {"bytes", "\0\xFF"sv}}};
  const std::vector<std::byte> bytes = bytes_of(parts);
  RecordView view;
  ASSERT_EQ(parse_record(bytes, view), RecordError::kNone);
  EXPECT_EQ(view.topic, parts.topic);
  EXPECT_EQ(view.key, parts.key);
  EXPECT_EQ(view.message, parts.message);
  EXPECT_EQ(view.header.sequence, 7u);
  EXPECT_EQ(view.header.stamp_ns, 42);
  HeaderReader reader(view.headers);
  for (const HeaderField& expected : parts.headers) {
    const auto field = reader.next();
    ASSERT_TRUE(field.has_value());
    EXPECT_EQ(field->name, expected.name);
    EXPECT_EQ(field->value, expected.value);
  }
  EXPECT_FALSE(reader.next().has_value());
  EXPECT_EQ(view.event_bytes(), 3 + view.headers.size() + parts.message.size());
}

TEST(Record, an_empty_key_is_not_a_null_key) {
  RecordView view;
  const std::vector<std::byte> with_empty = bytes_of({.key = ""});
  ASSERT_EQ(parse_record(with_empty, view), RecordError::kNone);
  EXPECT_EQ(view.key, ""sv);
  const std::vector<std::byte> without = bytes_of({.key = std::nullopt});
  ASSERT_EQ(parse_record(without, view), RecordError::kNone);
  EXPECT_EQ(view.key, std::nullopt);
}

TEST(Record, every_truncation_is_short) {
  const std::vector<std::byte> bytes = bytes_of({});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    RecordView view;
    EXPECT_EQ(parse_record(std::span(bytes).first(size), view), RecordError::kShort) << size;
  }
}

TEST(Record, what_follows_is_left_alone) {
  std::vector<std::byte> bytes = bytes_of({});
  const std::size_t size = bytes.size();
  bytes.resize(size + 100, std::byte{0xEE});
  RecordView view;
  EXPECT_EQ(parse_record(bytes, view), RecordError::kNone);
  EXPECT_EQ(view.header.size, size);
}

TEST(Record, malformed_headers_of_records) {
  const std::vector<std::byte> good = bytes_of({.headers = {{"name", "value"}}});
  constexpr std::uint32_t kHuge = 0xFFFFFFF8;
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, size), static_cast<std::uint32_t>(good.size() - 8))),
            RecordError::kSize);
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, size), std::uint32_t{0})), RecordError::kSize);
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, size), kHuge)), RecordError::kShort);
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, flags), std::uint16_t{2})), RecordError::kFlags);
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, zero), std::uint16_t{1})), RecordError::kFlags);
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, flags), std::uint16_t{0})), RecordError::kKey);
  // Sums that would wrap in 32 bits.
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, key_size), kHuge)), RecordError::kSize);
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, headers_size), kHuge)), RecordError::kSize);
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, message_size), kHuge)), RecordError::kSize);
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, header_count), std::uint16_t{0})), RecordError::kHeaders);
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, header_count), std::uint16_t{2})), RecordError::kHeaders);
  EXPECT_EQ(parse(with(good, offsetof(RecordHeader, header_count), std::uint16_t{0xFFFF})),
            RecordError::kHeaders);
}

TEST(Record, malformed_topics_and_headers) {
  for (const std::string topic : {"", ".", "..", "a b", "a/b", "\xC5\xBC"}) {
    EXPECT_EQ(parse(bytes_of({.topic = topic})), RecordError::kTopic) << topic;
  }
  EXPECT_EQ(parse(bytes_of({.topic = std::string(250, 't')})), RecordError::kTopic);
  EXPECT_EQ(parse(bytes_of({.topic = std::string(249, 't')})), RecordError::kNone);
  EXPECT_EQ(parse(bytes_of({.headers = {{"ringpost-id", "1"}}})), RecordError::kHeaders);
  EXPECT_EQ(parse(bytes_of({.headers = {{"", "1"}}})), RecordError::kHeaders);
  const std::string long_name(kHeaderNameMaxBytes + 1, 'n');
  EXPECT_EQ(parse(bytes_of({.headers = {{long_name, "1"}}})), RecordError::kHeaders);

  // A value that is longer than the block.
  const std::vector<std::byte> good = bytes_of({.headers = {{"name", "value"}}});
  const std::size_t value_size_at = sizeof(RecordHeader) + 6 + 3 + sizeof(std::uint16_t);
  EXPECT_EQ(parse(with(good, value_size_at, std::uint32_t{6})), RecordError::kHeaders);
  EXPECT_EQ(parse(with(good, value_size_at, std::uint32_t{4})), RecordError::kHeaders);
  EXPECT_EQ(parse(with(good, value_size_at, std::uint32_t{0xFFFFFFFE})), RecordError::kHeaders);
}

TEST(Record, random_damage_is_survived) {
  // Sanitizers see what is read beyond the bytes; here what comes out must lie inside them.
  std::mt19937 random(std::random_device{}());
  const std::vector<std::byte> good = bytes_of({.headers = {{"h1", "v1"}, {"null", std::nullopt}}});
  for (int round = 0; round < 100'000; ++round) {
    std::vector<std::byte> bytes = good;
    for (unsigned changes = 1 + random() % 4; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    }
    RecordView view;
    if (parse_record(bytes, view) != RecordError::kNone) continue;
    const auto* const begin = reinterpret_cast<const char*>(bytes.data());
    ASSERT_LE(view.message.data() + view.message.size(), begin + bytes.size());
    HeaderReader reader(view.headers);
    for (int count = 0; count < view.header.header_count; ++count) ASSERT_TRUE(reader.next().has_value());
    ASSERT_FALSE(reader.next().has_value());
  }
}

TEST(Names, instances_and_topics) {
  EXPECT_TRUE(is_instance_name("kafkaid"));
  EXPECT_TRUE(is_instance_name("0"));
  EXPECT_TRUE(is_instance_name(std::string(64, 'a')));
  for (const std::string name : {"", "Kafka", "a-b", "a_b", "a.b", "\xC5\xBC"})
    EXPECT_FALSE(is_instance_name(name)) << name;
  EXPECT_FALSE(is_instance_name(std::string(65, 'a')));
  EXPECT_TRUE(is_topic_name("Az09._-"));
  EXPECT_TRUE(is_topic_name("..."));
}

}  // namespace
}  // namespace ringpost::ipc
