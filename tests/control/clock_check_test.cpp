// Whose clock is it? A foreign one is refused, a late reading is not.
#include "daemon/control/clock_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "ipc/frames.hpp"

namespace ringpost::daemon {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::size_t kRefusalTextBytes = sizeof(ipc::RefusedBody::text);
constexpr std::int64_t kNow = 1000 * kSecond;

TEST(ClockCheck, AHelloOfJustNowIsFine) {
  EXPECT_EQ(judge_clock(kNow - 20'000, kNow - kSecond, kNow), ClockVerdict::kSame);
  EXPECT_EQ(judge_clock(kNow, kNow, kNow), ClockVerdict::kSame);
}

TEST(ClockCheck, AHelloThatLayInTheSocketIsFine) {
  EXPECT_EQ(judge_clock(kNow - kHelloAgeMaxNs, kNow - 10 * kSecond, kNow), ClockVerdict::kSame);
}

TEST(ClockCheck, TheFutureIsAnotherClock) {
  EXPECT_EQ(judge_clock(kNow + kSecond, 0, kNow), ClockVerdict::kOther);
  EXPECT_EQ(judge_clock(kNow + 10'000'000, 0, kNow), ClockVerdict::kOther);
}

TEST(ClockCheck, ATimeBeforeTheConnectionIsAnotherClock) {
  EXPECT_EQ(judge_clock(kNow - kSecond, kNow - kSecond / 2, kNow), ClockVerdict::kOther);
}

TEST(ClockCheck, ALongPastIsUnclearOnceAndClearTheSecondTime) {
  // Nobody had connected for an hour; the second connection comes 10 ms after the first.
  EXPECT_EQ(judge_clock(kNow - 360 * kSecond, kNow - 3600 * kSecond, kNow), ClockVerdict::kUnclear);
  EXPECT_EQ(judge_clock(kNow - 360 * kSecond, kNow, kNow + 10'000'000), ClockVerdict::kOther);
}

TEST(ClockCheck, TheMessagesSayTheDifference) {
  EXPECT_THAT(clock_problem(ClockVerdict::kOther, kNow + kSecond, kNow), HasSubstr("1.000 s ahead of"));
  EXPECT_THAT(clock_problem(ClockVerdict::kOther, kNow - kSecond / 2, kNow), HasSubstr("0.500 s behind"));
  EXPECT_THAT(clock_problem(ClockVerdict::kUnclear, kNow - 3 * kSecond, kNow), HasSubstr("3.000 s old"));
}

TEST(ClockCheck, NoNumberOverflowsAndEveryMessageFitsIntoARefusal) {
  for (const std::int64_t clock_ns :
       {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(judge_clock(clock_ns, 0, kNow), ClockVerdict::kOther);
    EXPECT_LT(clock_problem(ClockVerdict::kOther, clock_ns, kNow).size(), kRefusalTextBytes);
  }
  EXPECT_LT(clock_problem(ClockVerdict::kUnclear, 0, std::numeric_limits<std::int64_t>::max()).size(),
            kRefusalTextBytes);
}

}  // namespace
}  // namespace ringpost::daemon
