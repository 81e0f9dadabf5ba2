// Whose clock is it? A foreign one is refused, a late reading is not.
#include "daemon/control/clock_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace ringpost::daemon {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1000 * kSecond;

TEST(ClockCheck, AHelloOfJustNowIsFine) {
  EXPECT_EQ(clock_problem(kNow - 20'000, kNow - kSecond, kNow), std::nullopt);
  EXPECT_EQ(clock_problem(kNow, kNow, kNow), std::nullopt);
}

TEST(ClockCheck, AHelloThatLayInTheSocketIsFine) {
  EXPECT_EQ(clock_problem(kNow - 4 * kSecond, kNow - 10 * kSecond, kNow), std::nullopt);
}

TEST(ClockCheck, TheFutureIsAnotherClock) {
  EXPECT_THAT(clock_problem(kNow + kSecond, 0, kNow).value(), HasSubstr("1.000 s ahead of"));
  EXPECT_NE(clock_problem(kNow + 10'000'000, 0, kNow), std::nullopt);
}

TEST(ClockCheck, ATimeBeforeTheConnectionIsAnotherClock) {
  EXPECT_THAT(clock_problem(kNow - kSecond, kNow - kSecond / 2, kNow).value(), HasSubstr("1.000 s behind"));
}

TEST(ClockCheck, ALongPastIsAnotherClockHoweverLongNobodyConnected) {
  EXPECT_THAT(clock_problem(kNow - 3600 * kSecond / 10, 0, kNow).value(), HasSubstr("360.000 s behind"));
}

TEST(ClockCheck, NoNumberOverflows) {
  EXPECT_NE(clock_problem(std::numeric_limits<std::int64_t>::min(), 0, kNow), std::nullopt);
  EXPECT_NE(clock_problem(std::numeric_limits<std::int64_t>::max(), 0, kNow), std::nullopt);
}

TEST(ClockCheck, TheMessageFitsIntoARefusal) {
  EXPECT_LT(clock_problem(std::numeric_limits<std::int64_t>::min(), 0, kNow)->size(), 188U);
}

}  // namespace
}  // namespace ringpost::daemon
