#include "kafka/murmur2.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ringpost::kafka {
namespace {

std::int32_t as_java(std::string_view key) { return static_cast<std::int32_t>(murmur2(key)); }

// The vectors of Apache Kafka's own UtilsTest.testMurmur2.
TEST(Murmur2, EqualsJava) {
  EXPECT_EQ(as_java("21"), -973932308);
  EXPECT_EQ(as_java("foobar"), -790332482);
  EXPECT_EQ(as_java("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(as_java("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(as_java("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(as_java("abc"), 479470107);
}

TEST(Murmur2, TakesEveryTailAndByte) {
  EXPECT_EQ(as_java(""), 275646681);
  // Bytes above 127 are added unsigned, as Java's "& 0xff" does; the sign must not spread.
  const std::string high(3, '\xff');
  EXPECT_NE(as_java(high), as_java(std::string(3, '\x7f')));
  EXPECT_EQ(positive_murmur2("21"), static_cast<std::uint32_t>(-973932308) & 0x7fffffffU);
}

}  // namespace
}  // namespace ringpost::kafka
