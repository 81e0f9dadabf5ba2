#include "daemon/store/stored_record.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace ringpost::tests {
namespace {

using daemon::decode;
using daemon::encode;
using daemon::LetterReason;
using daemon::StoredLetter;
using daemon::StoredRecord;
using testing::IsEmpty;

std::vector<std::byte> record_bytes() {
  const std::string_view topic = "orders";
  const std::string_view key = "k1";
  const std::string_view message = R"({"id":1})";
  ipc::RecordHeader header{};
  header.flags = ipc::kRecordHasKey;
  header.sequence = 3;
  header.topic_size = static_cast<std::uint16_t>(topic.size());
  header.key_size = static_cast<std::uint32_t>(key.size());
  header.message_size = static_cast<std::uint32_t>(message.size());
  header.size = static_cast<std::uint32_t>(
      ipc::align_record(sizeof header + topic.size() + key.size() + message.size()));
  std::vector<std::byte> bytes(header.size);
  std::memcpy(bytes.data(), &header, sizeof header);
  std::byte* to = bytes.data() + sizeof header;
  for (const std::string_view part : {topic, key, message}) {
    std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
  return bytes;
}

const std::vector<std::byte>& some_record() {
  static const std::vector<std::byte> bytes = record_bytes();
  return bytes;
}

StoredRecord make_stored() {
  StoredRecord record;
  for (std::size_t at = 0; at < record.arena_id.size(); ++at)
    record.arena_id[at] = static_cast<std::uint8_t>(at);
  record.sequence = 0x0102030405060708;
  record.stamp_ns = -5;
  record.create_time_ms = 1'700'000'000'000;
  record.client_uid = 1001;
  record.client_pid = 4242;
  record.attempts = 3;
  record.partition = 7;
  record.moved_from = 0x1112131415161718;
  record.replay_of = 0x2122232425262728;
  record.flags = daemon::kRunBegins | daemon::kRunEnds;
  record.record = some_record();
  return record;
}

StoredLetter make_letter() {
  StoredLetter letter;
  letter.record = make_stored();
  letter.reason = LetterReason::kTimedOut;
  letter.code = -192;
  letter.time_ms = 1'700'000'000'999;
  letter.instance = "kafkaid";
  letter.client = "node";
  letter.detail = "Local: Message timed out";
  return letter;
}

void expect_same(const StoredRecord& found, const StoredRecord& record) {
  EXPECT_EQ(found.arena_id, record.arena_id);
  EXPECT_EQ(found.sequence, record.sequence);
  EXPECT_EQ(found.stamp_ns, record.stamp_ns);
  EXPECT_EQ(found.create_time_ms, record.create_time_ms);
  EXPECT_EQ(found.client_uid, record.client_uid);
  EXPECT_EQ(found.client_pid, record.client_pid);
  EXPECT_EQ(found.attempts, record.attempts);
  EXPECT_EQ(found.partition, record.partition);
  EXPECT_EQ(found.flags, record.flags);
  EXPECT_EQ(found.moved_from, record.moved_from);
  EXPECT_EQ(found.replay_of, record.replay_of);
  EXPECT_TRUE(std::ranges::equal(found.record, record.record));
  EXPECT_EQ(found.view.topic, "orders");
  EXPECT_EQ(found.view.key, "k1");
  EXPECT_EQ(found.view.message, R"({"id":1})");
}

TEST(StoredRecord, ComesBackAsItWas) {
  std::vector<std::byte> payload;
  encode(make_stored(), payload);
  EXPECT_EQ(payload.size(), 80 + some_record().size());
  EXPECT_EQ(payload[16], std::byte{8});  // the sequence's lowest byte: little-endian
  EXPECT_EQ(payload[52], std::byte{7});
  StoredRecord found;
  EXPECT_THAT(decode(payload, found), IsEmpty());
  expect_same(found, make_stored());
}

TEST(StoredRecord, AreEncodedBehindEachOther) {
  std::vector<std::byte> payloads;
  encode(make_stored(), payloads);
  const std::size_t end = payloads.size();
  encode(make_letter(), payloads);
  StoredRecord record;
  StoredLetter letter;
  EXPECT_THAT(decode(std::span(payloads).first(end), record), IsEmpty());
  EXPECT_THAT(decode(std::span(payloads).subspan(end), letter), IsEmpty());
}

TEST(StoredRecord, CutOrChangedIsRefused) {
  std::vector<std::byte> payload;
  encode(make_stored(), payload);
  StoredRecord found;
  for (std::size_t size = 0; size < payload.size(); ++size)
    EXPECT_FALSE(decode(std::span(payload).first(size), found).empty()) << size;
  payload.resize(payload.size() + 8);
  EXPECT_FALSE(decode(payload, found).empty());

  StoredRecord wrong = make_stored();
  wrong.flags = 0x80;
  payload.clear();
  encode(wrong, payload);
  EXPECT_EQ(decode(payload, found), "unknown flags");
  wrong = make_stored();
  wrong.partition = -2;
  payload.clear();
  encode(wrong, payload);
  EXPECT_EQ(decode(payload, found), "no partition");
  wrong = make_stored();
  wrong.record = {};
  payload.clear();
  encode(wrong, payload);
  EXPECT_FALSE(decode(payload, found).empty());
}

TEST(StoredLetter, ComesBackAsItWas) {
  std::vector<std::byte> payload;
  encode(make_letter(), payload);
  StoredLetter found;
  ASSERT_THAT(decode(payload, found), IsEmpty());
  expect_same(found.record, make_stored());
  EXPECT_EQ(found.reason, LetterReason::kTimedOut);
  EXPECT_EQ(found.code, -192);
  EXPECT_EQ(found.time_ms, 1'700'000'000'999);
  EXPECT_EQ(found.instance, "kafkaid");
  EXPECT_EQ(found.client, "node");
  EXPECT_EQ(found.detail, "Local: Message timed out");
  for (std::size_t size = 0; size < payload.size(); ++size)
    EXPECT_FALSE(decode(std::span(payload).first(size), found).empty()) << size;
}

TEST(StoredLetter, TextsAreCutBetweenCharacters) {
  StoredLetter letter = make_letter();
  std::string detail(daemon::kLetterDetailMaxBytes - 1, 'd');
  letter.detail = detail += "é";
  std::vector<std::byte> payload;
  encode(letter, payload);
  StoredLetter found;
  ASSERT_THAT(decode(payload, found), IsEmpty());
  EXPECT_EQ(found.detail, std::string(daemon::kLetterDetailMaxBytes - 1, 'd'));

  letter = make_letter();
  letter.client = "";
  letter.instance = "Not A Name";
  payload.clear();
  encode(letter, payload);
  EXPECT_FALSE(decode(payload, found).empty());
}

TEST(StoredLetter, OnlyADamagedRecordMayBeMissing) {
  StoredLetter letter = make_letter();
  letter.record.record = {};
  std::vector<std::byte> payload;
  StoredLetter found;
  encode(letter, payload);
  EXPECT_FALSE(decode(payload, found).empty());
  letter.reason = LetterReason::kDamagedOnDisk;
  payload.clear();
  encode(letter, payload);
  ASSERT_THAT(decode(payload, found), IsEmpty());
  EXPECT_TRUE(found.record.record.empty());
  EXPECT_EQ(found.record.sequence, letter.record.sequence);
}

TEST(StoredLetter, ReasonsHaveNames) {
  for (std::uint8_t number = 1; number <= 13; ++number) {
    const auto reason = static_cast<LetterReason>(number);
    EXPECT_NE(daemon::to_string(reason), "unknown");
    EXPECT_EQ(daemon::letter_reason(daemon::to_string(reason)), reason);
  }
  EXPECT_EQ(daemon::to_string(LetterReason::kOutcomeUnknown), "outcome_unknown");
  EXPECT_EQ(daemon::to_string(LetterReason{99}), "unknown");
  EXPECT_FALSE(daemon::letter_reason("unknown"));
}

}  // namespace
}  // namespace ringpost::tests
