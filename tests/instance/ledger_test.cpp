// The balance over arena and disk adds up where the two say different things, too.
#include "daemon/instance/ledger.hpp"

#include <gtest/gtest.h>

namespace ringpost::daemon {
namespace {

// 3 wait in the arena, 5 were delivered from there, 2 are dead; 20 went to disk.
constexpr Totals arena_with(std::uint64_t disk_delivered, std::uint64_t disk_dead,
                            std::uint64_t disk_foreign) {
  return {3, 5, 2, 20, disk_delivered, disk_dead, disk_foreign};
}

TEST(Ledger, CountsWhatIsOnDiskAndWhatHasGoneFromThere) {
  const Balance balance = balance_of(arena_with(6, 4, 0), {10, 0, 3, 2}, true);
  EXPECT_EQ(balance.accepted, 30U);
  EXPECT_EQ(balance.delivered, 5U + 6U + 3U);
  EXPECT_EQ(balance.dead, 2U + 4U + 2U);
  EXPECT_EQ(balance.waiting_in_arena, 3U);
  EXPECT_EQ(balance.waiting_on_disk, 5U);
  EXPECT_EQ(balance.missing, 0U);
  EXPECT_TRUE(balance.adds_up());
}

// Another arena has accepted them, and this one's counts begin with them: those that are there, and those that are gone.
TEST(Ledger, WhatIsForeignWasAcceptedToo) {
  const Balance balance = balance_of(arena_with(6, 4, 5), {22, 7, 3, 2}, true);
  EXPECT_EQ(balance.accepted, 30U + 7U + 5U);
  EXPECT_EQ(balance.waiting_on_disk, 17U);
  EXPECT_EQ(balance.missing, 0U);
  EXPECT_TRUE(balance.adds_up());
}

TEST(Ledger, WhatIsNotThereAnyMoreIsDead) {
  const Balance balance = balance_of(arena_with(6, 4, 0), {7, 0, 3, 2}, true);
  EXPECT_EQ(balance.accepted, 30U);
  EXPECT_EQ(balance.missing, 3U);
  EXPECT_EQ(balance.dead, 2U + 4U + 2U + 3U);
  EXPECT_EQ(balance.waiting_on_disk, 2U);
  EXPECT_TRUE(balance.adds_up());
}

TEST(Ledger, WhatNobodyCouldReadWaits) {
  const Balance balance = balance_of(arena_with(6, 4, 0), {}, false);
  EXPECT_EQ(balance.accepted, 30U);
  EXPECT_EQ(balance.missing, 0U);
  EXPECT_EQ(balance.waiting_on_disk, 10U);
  EXPECT_TRUE(balance.adds_up());
}

TEST(Ledger, ACopyThatCouldNotBeTakenBackCounts) {
  const Balance balance = balance_of(arena_with(6, 4, 0), {12, 0, 3, 2}, true);
  EXPECT_EQ(balance.accepted, 32U);
  EXPECT_EQ(balance.waiting_on_disk, 7U);
  EXPECT_TRUE(balance.adds_up());
}

}  // namespace
}  // namespace ringpost::daemon
