#include "kafka/dispositions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace ringpost::kafka {
namespace {

TEST(Dispositions, EachCodeHasOneRowAndAReason) {
  std::set<int> seen;
  for (const DispositionRow& row : disposition_table()) {
    EXPECT_TRUE(seen.insert(row.code).second) << "twice: " << row.code;
    EXPECT_FALSE(row.why.empty()) << row.code;
    EXPECT_EQ(disposition_of(row.code), row.disposition);
    EXPECT_THAT(describe_error(row.code), ::testing::Not(::testing::HasSubstr("unknown error"))) << row.code;
  }
}

TEST(Dispositions, WhatLibrdkafkaCallsFinalAndIsNot) {
  for (const int code : {-1, 2, 13, 89}) {
    EXPECT_EQ(disposition_of(code), Disposition::kRetry) << code;
  }
}

TEST(Dispositions, UnknownCodes) {
  EXPECT_EQ(disposition_of(9999), Disposition::kDead) << "the broker's: the record is judged alone";
  EXPECT_EQ(disposition_of(-9999), Disposition::kRetry) << "our own: nothing was said about the record";
}

TEST(Dispositions, Describe) {
  EXPECT_EQ(describe_error(kMessageTooLargeCode), "MSG_SIZE_TOO_LARGE (10): Broker: Message size too large");
}

}  // namespace
}  // namespace ringpost::kafka
