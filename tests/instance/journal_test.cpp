#include "daemon/instance/journal.hpp"

#include <gtest/gtest.h>

#include <set>

namespace ringpost::daemon {
namespace {

TEST(Journal, GivesEachLaneAnEntryOfItsOwnAndTakesItBack) {
  Journal journal;
  std::set<std::uint32_t> entries;
  for (std::uint64_t lane = 1; lane <= ipc::kJournalEntriesMax; ++lane) {
    const std::uint32_t entry = journal.enter({lane, 1, 65'536, 0});
    ASSERT_NE(entry, Journal::kFull);
    ASSERT_TRUE(entries.insert(entry).second);
    journal.release(entry, 64);
  }
  EXPECT_EQ(journal.enter({1'000'000, 1, 65'536, 0}), Journal::kFull);
  journal.forget(*entries.begin());
  EXPECT_EQ(journal.enter({1'000'001, 1, 65'536, 0}), *entries.begin());
}

}  // namespace
}  // namespace ringpost::daemon
