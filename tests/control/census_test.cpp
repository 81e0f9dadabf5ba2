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
  return {clients_max, per_user_max, 100'000, 1'000, 100 * kMiB, 10 * kMiB};
}

// As the server does it at a connection and its hello.
void join(Census& census, uid_t user) {
  ASSERT_FALSE(census.connection_problem(user, false));
  census.connected(user);
  ASSERT_FALSE(census.client_problem(user));
  census.client_came(user);
}

TEST(Census, AUserHasNoMoreClientsThanItsQuota) {
  Census census(limits(10, 2));
  join(census, kAnna);
  join(census, kAnna);
  EXPECT_THAT(census.client_problem(kAnna).value().text,
              HasSubstr("uid 1001 has 2 clients (clients_per_user_max = 2)"));
  EXPECT_FALSE(census.client_problem(kBela));
}

TEST(Census, AllUsersTogetherHaveNoMoreThanTheDaemons) {
  Census census(limits(2, 2));
  join(census, kAnna);
  join(census, kBela);
  EXPECT_THAT(census.client_problem(1003).value().text, HasSubstr("clients_max = 2"));
}

TEST(Census, ADepartedClientCountsUntilItIsDrained) {
  Census census(limits(10, 1));
  join(census, kAnna);
  census.lane_opened(kAnna, kMiB);
  census.disconnected(kAnna);
  census.client_departed();
  EXPECT_EQ(census.clients(), 0U);
  EXPECT_THAT(census.client_problem(kAnna).value().text, HasSubstr("1 of all gone but not drained yet"));
  census.client_forgotten(kAnna, 1, kMiB);
  EXPECT_FALSE(census.client_problem(kAnna));
}

TEST(Census, SomeConnectionsAboveTheQuotaAreLetInToBeTold) {
  Census census(limits(10, 2));
  for (std::uint32_t at = 0; at < 2 + Census::kStrangersPerUserMax; ++at) {
    ASSERT_FALSE(census.connection_problem(kAnna, false));
    census.connected(kAnna);
  }
  EXPECT_TRUE(census.connection_problem(kAnna, false));
  EXPECT_FALSE(census.connection_problem(kBela, false));
  census.disconnected(kAnna);
  EXPECT_FALSE(census.connection_problem(kAnna, false));
}

TEST(Census, TheDescriptorsAreAQuotaOfTheirOwn) {
  Census census(
      {100, 100, Census::kDescriptorsPerConnection + Census::kDescriptorsPerClient, 1'000, kGiB, kGiB});
  join(census, kAnna);
  EXPECT_FALSE(census.may_open_channel());
  EXPECT_TRUE(census.connection_problem(kBela, false));
  EXPECT_THAT(census.client_problem(kBela).value().text, HasSubstr("RLIMIT_NOFILE"));
  census.disconnected(kAnna);
  census.client_departed();
  census.client_forgotten(kAnna, 0, 0);
  EXPECT_TRUE(census.may_open_channel());
  EXPECT_FALSE(census.connection_problem(kBela, false));
}

TEST(Census, TheLanesAreCountedOverAll) {
  Census census({100, 100, 100'000, 2, kGiB, kGiB});
  join(census, kAnna);
  census.lane_opened(kAnna, kMiB);
  EXPECT_FALSE(census.lane_problem(kAnna, kMiB));
  census.lane_opened(kAnna, kMiB);
  EXPECT_EQ(census.lane_problem(kAnna, kMiB).value().refusal, ipc::Refusal::kNoResources);
  census.lane_closed(kAnna, kMiB);
  EXPECT_FALSE(census.lane_problem(kAnna, kMiB));
}

TEST(Census, TheLanesBytesAreAQuotaOfAUserAndOfAll) {
  Census census({100, 100, 100'000, 1'000, 5 * kMiB, 3 * kMiB});
  join(census, kAnna);
  join(census, kBela);
  for (int lane = 0; lane < 3; ++lane) {
    ASSERT_FALSE(census.lane_problem(kAnna, kMiB));
    census.lane_opened(kAnna, kMiB);
  }
  const auto of_user = census.lane_problem(kAnna, kMiB);
  EXPECT_EQ(of_user.value().refusal, ipc::Refusal::kLaneMemory);
  EXPECT_THAT(of_user.value().text,
              HasSubstr("uid 1001 has 3 lanes of 3 MiB in all (lane_memory_per_user_max = 3 MiB)"));
  EXPECT_TRUE(census.lane_problem(kBela, 3 * kMiB)) << "6 MiB in all";
  EXPECT_FALSE(census.lane_problem(kBela, 2 * kMiB));
  census.lane_opened(kBela, 2 * kMiB);
  EXPECT_THAT(census.lane_problem(kBela, kMiB).value().text, HasSubstr("(lane_memory_max = 5 MiB)"));
  census.lane_closed(kAnna, kMiB);
  EXPECT_FALSE(census.lane_problem(kAnna, kMiB));
  EXPECT_EQ(census.users().at(kAnna).lane_bytes, 2 * kMiB);
}

TEST(Census, WhoAdministersGetsInWhoeverElseIsThere) {
  Census census(limits(2, 2));
  for (uid_t user = 1; !census.connection_problem(user, false); ++user) census.connected(user);
  EXPECT_EQ(census.connections(), 2U + Census::kStrangersMax);
  for (std::uint32_t at = 0; at < Census::kAdministratorsMax; ++at) {
    ASSERT_FALSE(census.connection_problem(0, true));
    census.connected(0);
  }
  EXPECT_EQ(census.connection_problem(0, true).value().refusal, ipc::Refusal::kTooManyConnections);
}

TEST(Census, TheLimitsLeaveRoomForTheRest) {
  const CensusLimits found = census_limits({1'000, 65'530}, DaemonConfig{});
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
