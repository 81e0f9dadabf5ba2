// The quotas: who counts, what is refused, and that everything that ends is given back.
#include "daemon/control/census.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringpost::daemon {
namespace {

using testing::HasSubstr;

constexpr uid_t kAnna = 1001;
constexpr uid_t kBela = 1002;

CensusLimits limits(std::uint32_t clients_max, std::uint32_t per_user_max) {
  return {clients_max, per_user_max, 100'000, 1'000};
}

// As the server does it at a connection and its hello.
void join(Census& census, uid_t user) {
  ASSERT_TRUE(census.may_connect(user));
  census.connected(user);
  ASSERT_EQ(census.client_problem(user), std::nullopt);
  census.client_came(user);
}

TEST(Census, AUserHasNoMoreClientsThanItsQuota) {
  Census census(limits(10, 2));
  join(census, kAnna);
  join(census, kAnna);
  EXPECT_THAT(census.client_problem(kAnna).value(),
              HasSubstr("uid 1001 has 2 clients (clients_per_user_max = 2)"));
  EXPECT_EQ(census.client_problem(kBela), std::nullopt);
}

TEST(Census, AllUsersTogetherHaveNoMoreThanTheDaemons) {
  Census census(limits(2, 2));
  join(census, kAnna);
  join(census, kBela);
  EXPECT_THAT(census.client_problem(1003).value(), HasSubstr("clients_max = 2"));
}

TEST(Census, ADepartedClientCountsUntilItIsDrained) {
  Census census(limits(10, 1));
  join(census, kAnna);
  census.lane_opened();
  census.disconnected(kAnna);
  census.client_departed();
  EXPECT_EQ(census.clients(), 0U);
  EXPECT_THAT(census.client_problem(kAnna).value(), HasSubstr("1 of all gone but not drained yet"));
  census.client_forgotten(kAnna, 1);
  EXPECT_EQ(census.client_problem(kAnna), std::nullopt);
}

TEST(Census, SomeConnectionsAboveTheQuotaAreLetInToBeTold) {
  Census census(limits(10, 2));
  for (std::uint32_t at = 0; at < 2 + Census::kStrangersPerUserMax; ++at) {
    ASSERT_TRUE(census.may_connect(kAnna));
    census.connected(kAnna);
  }
  EXPECT_FALSE(census.may_connect(kAnna));
  EXPECT_TRUE(census.may_connect(kBela));
  census.disconnected(kAnna);
  EXPECT_TRUE(census.may_connect(kAnna));
}

TEST(Census, TheDescriptorsAreAQuotaOfTheirOwn) {
  Census census({100, 100, Census::kDescriptorsPerConnection + Census::kDescriptorsPerClient, 1'000});
  join(census, kAnna);
  EXPECT_FALSE(census.may_open_channel());
  EXPECT_FALSE(census.may_connect(kBela));
  EXPECT_THAT(census.client_problem(kBela).value(), HasSubstr("RLIMIT_NOFILE"));
  census.disconnected(kAnna);
  census.client_departed();
  census.client_forgotten(kAnna, 0);
  EXPECT_TRUE(census.may_open_channel());
  EXPECT_TRUE(census.may_connect(kBela));
}

TEST(Census, TheLanesAreCountedOverAll) {
  Census census({100, 100, 100'000, 2});
  join(census, kAnna);
  census.lane_opened();
  EXPECT_TRUE(census.may_open_lane());
  census.lane_opened();
  EXPECT_FALSE(census.may_open_lane());
  census.lane_closed();
  EXPECT_TRUE(census.may_open_lane());
}

TEST(Census, TheLimitsLeaveRoomForTheRest) {
  const CensusLimits found = census_limits({1'000, 65'530}, 256, 128);
  EXPECT_EQ(found.descriptors_max, 750U);
  EXPECT_EQ(found.lanes_max, 32'765U);
  EXPECT_EQ(found.clients_max, 256U);
  EXPECT_EQ(found.clients_per_user_max, 128U);
}

TEST(Census, TheProcessHasSomeCapacity) {
  const Capacity capacity = take_capacity();
  EXPECT_GT(capacity.descriptors_max, 3U);
  EXPECT_GT(capacity.mappings_max, 1'000U);
}

}  // namespace
}  // namespace ringpost::daemon
