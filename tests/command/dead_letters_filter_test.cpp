#include "daemon/command/dead_letters_filter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

namespace ringpost::daemon {
namespace {

constexpr std::int64_t kNowMs = 1'795'390'123'123;  // 2026-11-22T23:28:43.123Z

TEST(Moment, IsATimeOrHowLongAgo) {
  EXPECT_EQ(parse_moment("2026-11-22T23:28:43.123Z", 0), kNowMs);
  EXPECT_EQ(parse_moment("2026-11-22t23:28:43.1239999z", 0), kNowMs) << "cut off, not rounded";
  EXPECT_EQ(parse_moment("2026-11-22 23:28:43.1Z", 0), kNowMs - 23);
  EXPECT_EQ(parse_moment("2026-11-23T00:28:43.123+01:00", 0), kNowMs);
  EXPECT_EQ(parse_moment("2026-11-22T17:58:43.123-05:30", 0), kNowMs);
  EXPECT_EQ(parse_moment("2026-11-22", 0), kNowMs - 84'523'123);
  EXPECT_EQ(parse_moment("1970-01-01", 1), 0);
  EXPECT_EQ(parse_moment("2h", kNowMs), kNowMs - 7'200'000);
  EXPECT_EQ(parse_moment("0", kNowMs), kNowMs);
  EXPECT_EQ(parse_moment("2028-02-29T00:00:60Z", 0), parse_moment("2028-02-29T00:01:00Z", 0));
}

TEST(Moment, IsNothingElse) {
  for (const std::string_view text : {"",
                                      "now",
                                      "2",
                                      "-2h",
                                      "2026",
                                      "2026-11",
                                      "2026-13-01",
                                      "2026-00-01",
                                      "2026-02-29",
                                      "2026-11-31",
                                      "1969-12-31",
                                      "2026-11-22T",
                                      "2026-11-22T23:28Z",
                                      "2026-11-22T23:28:43",
                                      "2026-11-22T24:00:00Z",
                                      "2026-11-22T23:60:43Z",
                                      "2026-11-22T23:28:61Z",
                                      "2026-11-22T23:28:43.Z",
                                      "2026-11-22T23:28:43Zx",
                                      "2026-11-22T23:28:43+1:00",
                                      "2026-11-22T23:28:43+0100",
                                      "2026-11-22T23:28:43+24:00",
                                      "26-11-22",
                                      "2026-1-22",
                                      "2026/11/22",
                                      " 2026-11-22",
                                      "+026-11-22"}) {
    EXPECT_EQ(parse_moment(text, kNowMs), std::nullopt) << text;
  }
}

TEST(LetterReasons, HaveNamesThatLeadBack) {
  const std::vector<std::string_view> names = letter_reason_names();
  EXPECT_GE(names.size(), 13U);
  for (const std::string_view name : names) EXPECT_TRUE(letter_reason(name)) << name;
  EXPECT_THAT(names, testing::Not(testing::Contains("unknown")));
}

TEST(LetterId, IsTheHeadersValue) {
  StoredRecord record;
  for (std::size_t i = 0; i < 16; ++i) record.arena_id[i] = static_cast<std::uint8_t>(0xf0 + i);
  record.sequence = 18'446'744'073'709'551'615U;
  EXPECT_EQ(letter_id(record), "f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff-18446744073709551615");
}

}  // namespace
}  // namespace ringpost::daemon
