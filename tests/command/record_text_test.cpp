#include "daemon/command/record_text.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace ringpost::daemon {
namespace {

using std::string_view_literals::operator""sv;

RecordFields usual() {
  RecordFields record;
  record.topic = "orders";
  record.partition = 2;
  record.offset = 17;
  record.timestamp_ms = 1'795'390'123'123;
  record.key = "4711";
  record.headers = {{"source", "crm"}, {"trace", std::nullopt}};
  record.message = R"({"id":1})";
  return record;
}

TEST(RecordJson, HasEveryField) {
  EXPECT_EQ(record_json(usual()),
            R"({"topic":"orders","partition":2,"offset":17,"timestamp":"2026-11-22T23:28:43.123Z",)"
            R"("timestamp_ms":1795390123123,"key":"4711","headers":[{"name":"source","value":"crm"},)"
            R"({"name":"trace","value":null}],"message":"{\"id\":1}"})");
}

TEST(RecordJson, NullAndEmptyAreTwoThings) {
  RecordFields record = usual();
  record.key = std::nullopt;
  record.message = std::nullopt;
  record.timestamp_ms = std::nullopt;
  record.headers.clear();
  EXPECT_EQ(record_json(record),
            R"({"topic":"orders","partition":2,"offset":17,"timestamp":null,"timestamp_ms":null,)"
            R"("key":null,"headers":[],"message":null})");
  record.key = "";
  EXPECT_NE(record_json(record).find(R"("key":"")"), std::string::npos);
}

TEST(RecordJson, BytesThatAreNotUtf8ComeAsBase64UnderAnotherName) {
  RecordFields record = usual();
  record.key = "\xff\xfe\x00"sv;
  record.headers = {{"\xc3", "\xe2\x82"}};
  record.message = "žluť\n\x01";
  EXPECT_EQ(
      record_json(record),
      R"({"topic":"orders","partition":2,"offset":17,"timestamp":"2026-11-22T23:28:43.123Z",)"
      R"("timestamp_ms":1795390123123,"key_base64":"//4A","headers":[{"name_base64":"ww==","value_base64":"4oI="}],)"
      "\"message\":\"žluť\\n\\u0001\"}");
}

TEST(RecordForPeople, ShowsEverything) {
  EXPECT_EQ(record_for_people(usual()),
            "orders partition 2 offset 17  2026-11-22T23:28:43.123Z\n"
            "  key      4711\n"
            "  header   source = crm\n"
            "  header   trace = (null)\n"
            "  message  {\"id\":1}\n");
}

TEST(RecordForPeople, NeverCommandsTheTerminal) {
  RecordFields record;
  record.topic = "t";
  record.key = "\x1b[2J\x7f";
  record.message = "{\n\t\"a\": \"ž\xc2\x9b\"\r}";
  EXPECT_EQ(record_for_people(record),
            "t partition 0 offset 0  (no time)\n"
            "  key      \\x1b[2J\\x7f\n"
            "  message  {\n           \t\"a\": \"ž\\xc2\\x9b\"\\x0d}\n");
  record.key = "a\xff";
  record.message = std::nullopt;
  EXPECT_EQ(record_for_people(record),
            "t partition 0 offset 0  (no time)\n  key      a\\xff\n  message  (null: a tombstone)\n");
}

TEST(JsonText, KeepsWhatIsUtf8AndReplacesEachByteThatIsNot) {
  EXPECT_EQ(json_text("žluť €"), "žluť €");
  EXPECT_EQ(json_text("a\xff\xe2\x82z\xc5\xbe"), "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xc5\xbe");
  EXPECT_EQ(json_text("\xf0\x9f"), "\xef\xbf\xbd\xef\xbf\xbd");
}

// The examples of RFC 4648, section 10.
TEST(Base64, IsThatOfTheRfc) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xfb\xff\xbf"), "+/+/");
}

TEST(UtcText, IsIsoWithMilliseconds) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(utc_text(253'402'300'799'999), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(utc_text(253'402'300'800'000), "(no time)");
  EXPECT_EQ(utc_text(-1), "(no time)");
}

}  // namespace
}  // namespace ringpost::daemon
