// What the spool's daemon before this one has left in the less common states: moved, moved again, put on disk and not settled,
// of another boot, of another arena; and what a disk that fails leaves.
#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>

#include "tests/disk/segment_header.hpp"
#include "tests/disk/spool_fixture.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

using Sequences = std::vector<std::uint64_t>;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

class SpoolRecovery : public SpoolTest {
 protected:
  // All of the blocks' records, by their sequence.
  std::map<std::uint64_t, daemon::Spool::Ticket> all_back() {
    std::map<std::uint64_t, daemon::Spool::Ticket> records;
    for (const daemon::Spool::Left& block : spool_->left()) {
      for (const daemon::Spool::Ticket record : bring_back(block.block))
        records.emplace(spool_->record(record).sequence, record);
    }
    return records;
  }
};

// Else who comes next would find them in the arena and on disk, and deliver both.
TEST_F(SpoolRecovery, AllThatIsOnDiskIsFoundAlsoWhatHasEnded) {
  ASSERT_TRUE(spool_->put(events_.run(1, 10)));  // and no settle()
  open(kThisArena, {3, 4});
  EXPECT_EQ(found_, numbers(1, 10));
  EXPECT_EQ(waits_, (Sequences{1, 2, 5, 6, 7, 8, 9, 10}));
}

// The letter of a replay was marked, the spool's own mark was not written any more.
TEST_F(SpoolRecovery, WhatALetterSaysWasDeliveredIsNotSentAgain) {
  put(events_.run(1, 6));
  delivered_ = {2, 3};
  open();
  EXPECT_EQ(spool_->totals().delivered, 2U);
  EXPECT_EQ(spool_->totals().waiting(), 4U);
  EXPECT_EQ(left(), (Sequences{1, 4, 5, 6}));
  step();
  delivered_.clear();
  open();
  EXPECT_EQ(spool_->totals().delivered, 2U) << "the mark was written";
}

TEST_F(SpoolRecovery, AForeignRecordThatIsMovedIsForeignStill) {
  put(events_.run(1, 10));
  open(kOtherArena);
  const std::vector<daemon::Spool::Ticket> records = bring_back(spool_->left().at(0).block);
  const auto copy = spool_->put(copies(records, 4, 8));
  ASSERT_TRUE(copy);
  for (std::size_t index = 4; index < 8; ++index) spool_->end(records[index], daemon::kSpoolMoved);
  spool_->settle(*copy);
  EXPECT_EQ(spool_->totals().records, 10U);
  EXPECT_EQ(spool_->totals().foreign, 10U);
  step();
  open(kOtherArena);
  EXPECT_EQ(spool_->totals().foreign, 10U);
}

// The whole run of copies counted at first; when their segment has gone the originals must not wait again.
TEST_F(SpoolRecovery, WhoWasTakenForMovedIsMarkedAsMoved) {
  const std::vector<daemon::Spool::Ticket> records = bring_back(put(events_.run(1, 10)));
  spool_->log().close_segment();
  ASSERT_TRUE(spool_->put(copies(records, 4, 8)));
  open();
  const auto back = all_back();
  ASSERT_EQ(back.size(), 10U);
  for (const std::uint64_t sequence : numbers(5, 8)) spool_->end(back.at(sequence), daemon::kSpoolDelivered);
  step();
  EXPECT_EQ(freed_["orders"].delivered, 4U);
  open();
  EXPECT_EQ(left(), (Sequences{1, 2, 3, 4, 9, 10}));
}

// A copy that was to be taken back, of which only the original's end is known.
TEST_F(SpoolRecovery, ACopyOfWhatHasEndedIsNotOneMore) {
  const std::vector<daemon::Spool::Ticket> records = bring_back(put(events_.run(1, 10)));
  ASSERT_TRUE(spool_->put(copies(records, 4, 8)));
  for (std::size_t index = 4; index < 8; ++index) spool_->end(records[index], daemon::kSpoolDelivered);
  step();
  open();
  EXPECT_EQ(spool_->totals().records, 10U);
  EXPECT_EQ(spool_->totals().delivered, 4U);
  EXPECT_EQ(left(), (Sequences{1, 2, 3, 4, 9, 10}));
}

TEST_F(SpoolRecovery, WhatStaysOfABlockMayHaveBeenTriedAsTheBlock) {
  const std::vector<daemon::Spool::Ticket> records = bring_back(put(events_.run(1, 10)));
  ASSERT_TRUE(spool_->put(copies(records, 4, 8)));
  step();
  open();
  for (const auto& [sequence, record] : all_back()) {
    const bool is_copy = sequence >= 5 && sequence <= 8;
    EXPECT_EQ(spool_->was_tried(record), !is_copy) << sequence;
  }
}

TEST_F(SpoolRecovery, ANumberThatIsCountedIsNotUsedAgain) {
  for (const auto record : bring_back(put(events_.run(1, 10)))) spool_->end(record, daemon::kSpoolDelivered);
  step();
  ASSERT_EQ(files(), 0U);
  ASSERT_NE(freed_segment_, 0U);
  open();
  put(events_.run(11, 5));
  open();
  EXPECT_EQ(left(), numbers(11, 15)) << "its number is not one that the arena takes for gone";
}

// Its stamps are another clock's: how old a record is the wall clock says.
TEST_F(SpoolRecovery, AnotherBootsStampsGoByTheWallClock) {
  constexpr std::int64_t kAgeNs = 3'600 * kNsPerSecond;
  std::vector<daemon::StoredRecord> run = events_.run(1, 3);
  for (daemon::StoredRecord& record : run) {
    record.stamp_ns = ipc::monotonic_ns() + 1'000'000 * kNsPerSecond;
    record.create_time_ms = (ipc::realtime_ns() - kAgeNs) / 1'000'000;
  }
  put(run);
  spool_.reset();
  for (const std::filesystem::path& file : log_files())
    change_segment_header(file, [](daemon::SegmentHeader& header) { header.boot_id.fill(7); });
  open();
  const auto is_an_hour_old = [](std::int64_t stamp_ns) {
    const std::int64_t age_ns = ipc::monotonic_ns() - stamp_ns;
    return age_ns > kAgeNs / 2 && age_ns < 2 * kAgeNs;
  };
  ASSERT_EQ(spool_->left().size(), 1U);
  EXPECT_TRUE(is_an_hour_old(spool_->left()[0].oldest_stamp_ns));
  EXPECT_TRUE(is_an_hour_old(spool_->oldest_stamp_ns()));
  for (const auto& [sequence, record] : all_back())
    EXPECT_TRUE(is_an_hour_old(spool_->record(record).stamp_ns)) << sequence;
}

TEST_F(SpoolTest, ABlockIsAsOldAsItsOldestRecord) {
  std::vector<daemon::StoredRecord> run = events_.run(1, 3);
  run[0].stamp_ns = 50;
  run[1].stamp_ns = 20;
  run[2].stamp_ns = 30;
  const auto block = put(run);
  put(events_.run(4, 1));
  EXPECT_EQ(spool_->oldest_stamp_ns(), 20);
  open();
  EXPECT_EQ(spool_->oldest_stamp_ns(), 20);
  EXPECT_TRUE(daemon::Spool::is_block(block));
}

// What a later try knows of the ones before it: it decides whether a deadline's letter may say that it was never sent.
TEST_F(SpoolTest, AttemptsAreCountedOnFromFileToFile) {
  std::vector<daemon::StoredRecord> run = events_.run(1, 2);
  run[0].attempts = 2;
  const std::vector<daemon::Spool::Ticket> records = bring_back(put(run));
  spool_->count_attempt(records[0]);
  spool_->count_attempt(records[1]);
  const auto copy = spool_->put(copies(records, 0, 2));
  ASSERT_TRUE(copy);
  for (const auto record : records) spool_->end(record, daemon::kSpoolMoved);
  spool_->settle(*copy);
  const std::vector<daemon::Spool::Ticket> again = bring_back(*copy);
  EXPECT_EQ(spool_->record(again[0]).attempts, 3U);
  EXPECT_EQ(spool_->record(again[1]).attempts, 1U);
}

TEST_F(SpoolTest, NothingGoesThatIsNotSettledYet) {
  const auto block = spool_->put(events_.run(1, 10));
  ASSERT_TRUE(block);
  step();
  spool_->settle(*block);
  step();
  EXPECT_EQ(spool_->totals().waiting(), 10U);
  EXPECT_EQ(bring_back(*block).size(), 10U);
}

TEST_F(SpoolTest, WhatAFailedSyncHasLostIsThereOnceWhenItIsPutAgain) {
  sync_ = daemon::Log::Sync::kInterval;
  open();
  const daemon::Spool::Ticket safe = put(events_.run(101, 5));
  spool_->log().sync_now();
  const std::vector<daemon::StoredRecord> run = events_.run(1, 10);
  files_.set({.error = EIO, .call = FaultyFiles::Call::kFdatasync});
  const auto block = spool_->put(run);
  ASSERT_TRUE(block);
  std::optional<daemon::Log::Lost> lost;
  ASSERT_TRUE(wait_until([&] { return (lost = spool_->log().take_lost()).has_value(); }));
  EXPECT_LE(lost->from, spool_->position(*block));
  EXPECT_GE(lost->to, spool_->position(*block));
  ASSERT_TRUE(spool_->put_again(*block, run));
  EXPECT_GT(spool_->position(*block), lost->to);
  spool_->log().sync_now();
  EXPECT_EQ(spool_->log().synced(), spool_->log().appended());
  step();  // and takes nothing that is not settled
  spool_->settle(*block);
  EXPECT_EQ(spool_->totals().records, 15U);
  std::vector<daemon::Spool::Ticket> records = bring_back(*block);
  ASSERT_EQ(records.size(), 10U);
  for (const auto record : bring_back(safe)) records.push_back(record);
  for (const auto record : records) spool_->end(record, daemon::kSpoolDelivered);
  step();
  EXPECT_EQ(files(), 0U) << "nor does what was lost hold the segment that it was in";
  EXPECT_EQ(freed_["orders"].delivered, 15U);
}

// Counted as gone, and still there: of these there is one at most, for a successor knows of one.
TEST_F(SpoolTest, NoOtherSegmentIsCountedWhileOnesFilesStay) {
  std::vector<daemon::Spool::Ticket> records;
  for (std::uint64_t first = 1; first <= 30; first += 10) {
    for (const auto record : bring_back(put(events_.run(first, 10)))) records.push_back(record);
    spool_->log().close_segment();
  }
  for (const auto record : records) spool_->end(record, daemon::kSpoolDelivered);
  files_.set({.error = EIO, .call = FaultyFiles::Call::kRemove, .stays = true});
  for (int turn = 0; turn < 3; ++turn) step();
  EXPECT_EQ(freed_segments_, 1U);
  EXPECT_FALSE(spool_->idle());
  files_.mend();
  open();
  EXPECT_EQ(spool_->totals().delivered + freed_["orders"].delivered, 30U);
  step();
  EXPECT_EQ(files(), 0U);
  EXPECT_EQ(freed_["orders"].delivered, 30U);
  EXPECT_TRUE(spool_->idle());
}

}  // namespace
}  // namespace ringpost::tests
