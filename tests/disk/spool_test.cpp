// The spool: blocks out and back, what a crash between any two of its steps leaves, and that its counts are the truth.
#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include "tests/disk/spool_fixture.hpp"

namespace ringpost::tests {
namespace {

using daemon::kSpoolDead;
using daemon::kSpoolDelivered;
using daemon::kSpoolMoved;
using daemon::Spool;
using daemon::StoredRecord;

TEST_F(SpoolTest, ARunComesBackAsItWas) {
  const auto block = put(events_.run(1, 100));
  EXPECT_EQ(spool_->totals().waiting(), 100U);
  const std::vector<Spool::Ticket> records = bring_back(block);
  ASSERT_EQ(records.size(), 100U);
  for (std::size_t index = 0; index < records.size(); ++index) {
    const StoredRecord record = spool_->record(records[index]);
    EXPECT_EQ(record.sequence, index + 1);
    EXPECT_EQ(record.view.topic, "orders");
    EXPECT_EQ(record.view.key, "key");
    EXPECT_EQ(record.view.message, std::to_string(index + 1));
  }
  EXPECT_EQ(spool_->totals().waiting(), 100U);
  for (const Spool::Ticket record : records) spool_->end(record, kSpoolDelivered);
  EXPECT_EQ(spool_->totals().delivered, 100U);
  EXPECT_EQ(spool_->bytes_in_memory(), 0U);
  step();
  EXPECT_EQ(files(), 0U) << "an idle spool takes no room";
  EXPECT_EQ(freed_["orders"].delivered, 100U);
  EXPECT_EQ(spool_->totals().records, 0U);
}

TEST_F(SpoolTest, WhatHasEndedDoesNotComeAgain) {
  const std::vector<Spool::Ticket> records = bring_back(put(events_.run(1, 10)));
  spool_->end(records[0], kSpoolDelivered);
  spool_->end(records[4], kSpoolDead);
  spool_->end(records[9], kSpoolDelivered);
  step();
  open();
  EXPECT_EQ(left(), (std::vector<std::uint64_t>{2, 3, 4, 6, 7, 8, 9}));
  EXPECT_EQ(spool_->totals().delivered, 2U);
  EXPECT_EQ(spool_->totals().dead, 1U);
  EXPECT_EQ(spool_->totals().waiting(), 7U);
}

TEST_F(SpoolTest, WhatCameBackMayHaveBeenTried) {
  bring_back(put(events_.run(1, 5)));
  put(events_.run(6, 5));
  step();
  open();
  for (const Spool::Left& block : spool_->left()) {
    const bool expected = block.first_sequence == 1;
    for (const Spool::Ticket record : bring_back(block.block)) EXPECT_EQ(spool_->was_tried(record), expected);
  }
}

// Runs of one queue that lie side by side may have had others between them, in memory or in other blocks: as one block they
// would overtake these, or be overtaken.
TEST_F(SpoolTest, RunsStayApart) {
  put(events_.run(1, 5));
  put(events_.run(100, 5));
  open();
  EXPECT_EQ(blocks(), (Blocks{{1, 5}, {100, 5}}));
}

TEST_F(SpoolTest, WhatWasNotSettledIsNotCountedAndCanBeTakenBack) {
  const std::vector<StoredRecord> run = events_.run(1, 10);
  const auto block = spool_->put(run);
  ASSERT_TRUE(block);
  EXPECT_EQ(spool_->totals().records, 0U);
  spool_->withdraw(*block);
  open();
  EXPECT_TRUE(found_.empty()) << "the arena has them";
  EXPECT_TRUE(spool_->left().empty());
  step();
  EXPECT_EQ(files(), 0U);
}

TEST_F(SpoolTest, ACrashBeforeTheArenaKnowsLeavesThemToTheDisk) {
  ASSERT_TRUE(spool_->put(events_.run(1, 10)));  // and no settle()
  open();
  EXPECT_EQ(found_, numbers(1, 10));
  EXPECT_EQ(left(), numbers(1, 10));
}

TEST_F(SpoolTest, AnotherArenasRecordsAreForeign) {
  put(events_.run(1, 10));
  open(kOtherArena);
  EXPECT_TRUE(found_.empty());
  EXPECT_EQ(spool_->totals().foreign, 10U);
  EXPECT_EQ(spool_->largest_sequence(), 10U);
  for (const Spool::Left& block : spool_->left()) {
    for (const Spool::Ticket record : bring_back(block.block)) spool_->end(record, kSpoolDelivered);
  }
  step();
  EXPECT_EQ(freed_["orders"].foreign, 10U);
}

TEST_F(SpoolTest, WhoHasALetterIsDead) {
  put(events_.run(1, 10));
  open(kThisArena, {3, 4});
  EXPECT_EQ(spool_->totals().dead, 2U);
  EXPECT_EQ(left(), (std::vector<std::uint64_t>{1, 2, 5, 6, 7, 8, 9, 10}));
  step();
  open();
  EXPECT_EQ(spool_->totals().dead, 2U) << "the mark was written";
}

// The crash comes before the originals are marked: the copies count, all of them, for they are whole.
TEST_F(SpoolTest, ARecordThatIsMovedIsThereOnce) {
  const std::vector<Spool::Ticket> records = bring_back(put(events_.run(1, 10)));
  ASSERT_TRUE(spool_->put(copies(records, 4, 8)));
  EXPECT_EQ(spool_->totals().records, 10U);
  step();
  open();
  EXPECT_EQ(spool_->totals().records, 10U);
  EXPECT_EQ(blocks(), (Blocks{{1, 4}, {5, 4}, {9, 2}}));
  std::vector<std::uint64_t> sequences = left();
  EXPECT_EQ(sequences, numbers(1, 10));
  step();
  open();
  EXPECT_EQ(spool_->totals().records, 10U) << "the originals are marked";
}

// The crash comes in the middle of the write: the originals count, all of them.
TEST_F(SpoolTest, CopiesThatAreNotAllThereDoNotCount) {
  const std::vector<Spool::Ticket> records = bring_back(put(events_.run(1, 10)));
  const auto copy = spool_->put(copies(records, 4, 8));
  ASSERT_TRUE(copy);
  const std::vector<std::filesystem::path> logs = log_files();
  ASSERT_EQ(logs.size(), 1U);
  std::filesystem::resize_file(logs[0], std::filesystem::file_size(logs[0]) - 20);
  open();
  EXPECT_EQ(spool_->totals().records, 10U);
  EXPECT_EQ(left(), numbers(1, 10));
  EXPECT_EQ(blocks_before_, (Blocks{{1, 10}}));
}

TEST_F(SpoolTest, ARecordThatWasMovedCountsWhereItIsNow) {
  const std::vector<Spool::Ticket> records = bring_back(put(events_.run(1, 10)));
  const auto copy = spool_->put(copies(records, 4, 8));
  ASSERT_TRUE(copy);
  for (std::size_t index = 4; index < 8; ++index) spool_->end(records[index], kSpoolMoved);
  spool_->settle(*copy);
  EXPECT_EQ(spool_->totals().records, 10U);
  EXPECT_EQ(spool_->totals().waiting(), 10U);
  step();
  open();
  EXPECT_EQ(spool_->totals().waiting(), 10U);
  std::vector<std::uint64_t> sequences = left();
  std::sort(sequences.begin(), sequences.end());
  EXPECT_EQ(sequences, numbers(1, 10));
}

TEST_F(SpoolTest, AnOverdueRecordIsDeadUntilItIsAcknowledged) {
  const std::vector<Spool::Ticket> records = bring_back(put(events_.run(1, 3)));
  for (const Spool::Ticket record : records) spool_->mark_overdue(record);
  EXPECT_EQ(spool_->totals().dead, 3U);
  spool_->end(records[0], kSpoolDelivered);
  spool_->end(records[1], kSpoolDead);
  EXPECT_EQ(spool_->totals().dead, 2U);
  EXPECT_EQ(spool_->totals().delivered, 1U);
  step();
  EXPECT_GT(files(), 0U) << "one of them is still held";
  open();
  EXPECT_EQ(spool_->totals().dead, 2U);
  EXPECT_EQ(spool_->totals().delivered, 1U);
  EXPECT_TRUE(spool_->left().empty());
}

TEST_F(SpoolTest, ACountedSegmentIsNotCountedAgain) {
  for (const Spool::Ticket record : bring_back(put(events_.run(1, 10)))) spool_->end(record, kSpoolDelivered);
  // The crash comes between the arena's commit and the file's end.
  std::uint32_t counted = 0;
  const std::string before = directory_.path();
  std::filesystem::copy(before, before + "-kept", std::filesystem::copy_options::recursive);
  step();
  counted = freed_segment_;
  ASSERT_NE(counted, 0U);
  for (const auto& file : std::filesystem::directory_iterator(before + "-kept"))
    std::filesystem::copy(file, directory_.path());
  std::filesystem::remove_all(before + "-kept");
  open();
  EXPECT_EQ(spool_->totals().records, 0U);
  EXPECT_TRUE(spool_->left().empty());
  step();
  EXPECT_EQ(files(), 0U);
  put(events_.run(11, 1));
  for (const auto& segment : spool_->log().segments()) EXPECT_NE(segment.number, counted);
}

TEST_F(SpoolTest, AFullSpoolSaysSoAndGoesOnWhenThereIsRoom) {
  segment_bytes_ = 16u << 10;
  limit_bytes_ = 64u << 10;
  open();
  std::vector<Spool::Ticket> blocks;
  std::uint64_t next = 1;
  for (;; next += 50) {
    const auto block = spool_->put(events_.run(next, 50));
    if (!block) break;
    spool_->settle(*block);
    blocks.push_back(*block);
    ASSERT_LT(blocks.size(), 100U);
  }
  EXPECT_EQ(errno, ENOSPC);
  EXPECT_TRUE(spool_->log().full());
  ASSERT_GT(blocks.size(), 4U);
  for (std::size_t index = 0; index < blocks.size() / 2; ++index) {
    for (const Spool::Ticket record : bring_back(blocks[index])) spool_->end(record, kSpoolDelivered);
  }
  step();
  EXPECT_TRUE(spool_->put(events_.run(next, 50)));
}

// Damage takes the records that it hits, and no others; they count as dead.
TEST_F(SpoolTest, WhatIsDamagedIsCounted) {
  const auto block = put(events_.run(1, 10));
  const std::vector<Spool::Ticket> whole = bring_back(block);
  const daemon::Place fifth = spool_->place(whole[4]);
  open();
  for (const std::filesystem::path& file : log_files()) {
    std::string bytes = read_file(file);
    bytes[fifth.offset + 40] = static_cast<char>(bytes[fifth.offset + 40] ^ 1);
    write_file(file, bytes);
  }
  EXPECT_EQ(left(), (std::vector<std::uint64_t>{1, 2, 3, 4, 6, 7, 8, 9, 10}));
  EXPECT_EQ(spool_->totals().dead, 1U);
  EXPECT_EQ(spool_->damaged(), 1U);
}

// Anything in any order, and crashes: the live records are those of a model, and the sums are its sums.
TEST_F(SpoolTest, AtRandomAgainstAModel) {
  segment_bytes_ = 8u << 10;
  open();
  std::mt19937 random(20261129);
  enum class State { kWaiting, kDelivered, kDead };
  std::map<std::uint64_t, State> model;
  std::vector<Spool::Ticket> blocks;
  std::vector<Spool::Ticket> held;
  std::uint64_t next = 1;
  for (int turn = 0; turn < 3'000; ++turn) {
    switch (random() % 8) {
      case 0:
      case 1: {
        const std::uint64_t count = 1 + random() % 20;
        blocks.push_back(put(events_.run(next, count, random() % 2 == 0 ? "orders" : "others")));
        for (std::uint64_t end = next + count; next < end; ++next) model[next] = State::kWaiting;
        break;
      }
      case 2:
        if (blocks.empty()) break;
        std::swap(blocks[random() % blocks.size()], blocks.back());
        for (const Spool::Ticket record : bring_back(blocks.back())) held.push_back(record);
        blocks.pop_back();
        break;
      case 7:
        if (random() % 20 != 0) break;
        step();
        open();
        held.clear();
        blocks.clear();
        for (const Spool::Left& block : spool_->left()) blocks.push_back(block.block);
        break;
      default:
        if (held.empty()) break;
        std::swap(held[random() % held.size()], held.back());
        const bool dead = random() % 4 == 0;
        model[spool_->record(held.back()).sequence] = dead ? State::kDead : State::kDelivered;
        spool_->end(held.back(), dead ? kSpoolDead : kSpoolDelivered);
        held.pop_back();
        step();
    }
    const auto in = [&](State state) {
      return static_cast<std::uint64_t>(std::count_if(
          model.begin(), model.end(), [state](const auto& item) { return item.second == state; }));
    };
    if (turn % 50 != 0) continue;
    daemon::TopicOnDisk freed;
    for (const auto& [topic, counts] : freed_) freed += counts;
    ASSERT_EQ(spool_->totals().waiting(), in(State::kWaiting)) << turn;
    ASSERT_EQ(spool_->totals().delivered + freed.delivered, in(State::kDelivered)) << turn;
    ASSERT_EQ(spool_->totals().dead + freed.dead, in(State::kDead)) << turn;
  }
  step();
  open();
  std::vector<std::uint64_t> waiting;
  for (const auto& [sequence, state] : model) {
    if (state == State::kWaiting) waiting.push_back(sequence);
  }
  std::vector<std::uint64_t> sequences = left();
  std::sort(sequences.begin(), sequences.end());
  EXPECT_EQ(sequences, waiting);
}

}  // namespace
}  // namespace ringpost::tests
