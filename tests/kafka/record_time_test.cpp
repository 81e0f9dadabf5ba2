// Which time a record goes with, where its topic takes no old ones.
#include "kafka/record_time.hpp"

#include <gtest/gtest.h>

namespace ringpost::kafka {
namespace {

constexpr std::int64_t kNowMs = 1'767'225'600'000;
constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kMinuteMs = 60'000;

TEST(RecordTime, StaysWhatItIsWhileTheTopicTakesIt) {
  for (const std::int64_t age_ms : {std::int64_t{0}, kMinuteMs, 55 * kMinuteMs}) {
    EXPECT_EQ(time_to_send_ms(kNowMs - age_ms, kHourMs, kNowMs), kNowMs - age_ms);
  }
}

TEST(RecordTime, IsWithinTheLimitByAMarginWhereItWasNot) {
  EXPECT_EQ(time_to_send_ms(kNowMs - 55 * kMinuteMs - 1, kHourMs, kNowMs), kNowMs - 55 * kMinuteMs);
  EXPECT_EQ(time_to_send_ms(kNowMs - 48 * kHourMs, kHourMs, kNowMs), kNowMs - 55 * kMinuteMs);
  EXPECT_EQ(time_to_send_ms(0, kHourMs, kNowMs), kNowMs - 55 * kMinuteMs);
}

TEST(RecordTime, HasHalfOfAShortLimitAsItsMargin) {
  EXPECT_EQ(time_to_send_ms(kNowMs - kMinuteMs, kMinuteMs, kNowMs), kNowMs - kMinuteMs / 2);
  EXPECT_EQ(time_to_send_ms(kNowMs - 10, 1, kNowMs), kNowMs - 1);
}

TEST(RecordTime, OfTheFutureIsNotOurs) {
  EXPECT_EQ(time_to_send_ms(kNowMs + kHourMs, kHourMs, kNowMs), kNowMs + kHourMs);
}

}  // namespace
}  // namespace ringpost::kafka
