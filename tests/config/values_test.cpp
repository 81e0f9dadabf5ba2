#include "daemon/config/values.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ringpost::daemon {
namespace {

using std::chrono::milliseconds;

TEST(Duration, IsANumberAndAUnit) {
  EXPECT_EQ(parse_duration("30s"), milliseconds(30'000));
  EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
  EXPECT_EQ(parse_duration("5min"), milliseconds(300'000));
  EXPECT_EQ(parse_duration("30d"), std::chrono::hours(720));
  EXPECT_EQ(parse_duration("3650d"), kDurationMax);
  EXPECT_EQ(parse_duration("0s"), milliseconds(0));
  EXPECT_EQ(parse_duration("0"), milliseconds(0));
}

TEST(Duration, IsNothingElse) {
  for (const std::string_view text : {"",
                                      "s",
                                      "30",
                                      "30 s",
                                      " 30s",
                                      "30s ",
                                      "-1s",
                                      "+1s",
                                      "1.5s",
                                      "1e3s",
                                      "30S",
                                      "30sec",
                                      "5m",
                                      "1D",
                                      "0x10s",
                                      "00",
                                      "-0",
                                      "1h30min",
                                      "87601h",
                                      "3651d",
                                      "18446744073709551615h",
                                      "99999999999999999999s"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, IsWrittenInItsLargestExactUnit) {
  EXPECT_EQ(format_duration(milliseconds(7'200'000)), "2h");
  EXPECT_EQ(format_duration(std::chrono::hours(48)), "2d");
  EXPECT_EQ(format_duration(std::chrono::hours(36)), "36h");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "90s");
  EXPECT_EQ(format_duration(milliseconds(120'000)), "2min");
  EXPECT_EQ(format_duration(milliseconds(1'001)), "1001ms");
  EXPECT_EQ(format_duration(milliseconds(0)), "0s");
}

TEST(Size, IsANumberAndAUnit) {
  EXPECT_EQ(parse_size("512B"), 512U);
  EXPECT_EQ(parse_size("64KiB"), 65536U);
  EXPECT_EQ(parse_size("4MiB"), 4U * 1024 * 1024);
  EXPECT_EQ(parse_size("1GiB"), 1U << 30);
  EXPECT_EQ(parse_size("1TiB"), std::uint64_t{1} << 40);
  EXPECT_EQ(parse_size("0"), 0U);
  EXPECT_EQ(parse_size("4611686018427387904B"), std::uint64_t{1} << 62);
}

TEST(Size, IsNothingElse) {
  for (const std::string_view text :
       {"", "MiB", "4", "4 MiB", "4MB", "4M", "4mib", "-4MiB", "4.5MiB", "4MiB ", "1PiB", "00",
        "4611686018427387905B", "18446744073709551616B", "17179869184GiB"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Size, IsWrittenInItsLargestExactUnit) {
  EXPECT_EQ(format_size(std::uint64_t{4} << 20), "4MiB");
  EXPECT_EQ(format_size(1500), "1500B");
  EXPECT_EQ(format_size(1536), "1536B");
  EXPECT_EQ(format_size(3072), "3KiB");
  EXPECT_EQ(format_size(std::uint64_t{3} << 40), "3TiB");
  EXPECT_EQ(format_size(0), "0B");
}

TEST(Quoted, HidesNothingAndBreaksNothing) {
  EXPECT_EQ(in_quotes("orders"), "\"orders\"");
  EXPECT_EQ(in_quotes("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(in_quotes(std::string_view("a\0\x1b[2J\n\x7f", 7)), "\"a\\u0000\\u001b[2J\\u000a\"");
  EXPECT_EQ(in_quotes(std::string(80, 'x')), '"' + std::string(80, 'x') + '"');
  EXPECT_EQ(in_quotes(std::string(81, 'x')), '"' + std::string(80, 'x') + "...\"");
}

TEST(Quoted, IsNeverCutInTheMiddleOfACharacter) {
  const std::string text = std::string(79, 'x') + "ž" + "y";
  EXPECT_EQ(in_quotes(text), '"' + std::string(79, 'x') + "ž...\"");
}

TEST(Nearest, FindsSlips) {
  constexpr std::array<std::string_view, 4> kKeys{"brokers", "topics", "send_timeout", "lane_size"};
  EXPECT_EQ(nearest("broker", kKeys), "brokers");
  EXPECT_EQ(nearest("borkers", kKeys), "brokers");
  EXPECT_EQ(nearest("tpoics", kKeys), "topics");
  EXPECT_EQ(nearest("send-timeout", kKeys), "send_timeout");
  EXPECT_EQ(nearest("lanesize", kKeys), "lane_size");
}

TEST(Nearest, DoesNotGuess) {
  constexpr std::array<std::string_view, 3> kKeys{"brokers", "topics", "log"};
  EXPECT_EQ(nearest("http", kKeys), std::nullopt);
  EXPECT_EQ(nearest("", kKeys), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'x'), kKeys), std::nullopt);
}

}  // namespace
}  // namespace ringpost::daemon
