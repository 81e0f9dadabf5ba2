// Dead letters: written, found again, voided, and removed by size and age.
#include "daemon/disk/dead_letters.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/disk/segment_header.hpp"
#include "tests/disk/stored_events.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringpost::tests {
namespace {

using daemon::DeadLetters;
using daemon::LetterReason;
using daemon::Log;
using daemon::Place;
using daemon::Problem;
using daemon::StoredLetter;

constexpr std::int64_t kDayMs = 24 * 3'600 * 1'000;

class DeadLettersTest : public testing::Test {
 protected:
  DeadLettersTest() { open(); }

  void open(std::uint64_t size_max_bytes = 0,
            std::chrono::milliseconds age_max = std::chrono::milliseconds(0)) {
    letters_.reset();
    DeadLetters::Options options;
    options.log.directory = directory_.path();
    options.log.sync = Log::Sync::kNever;
    options.size_max_bytes = size_max_bytes;
    options.age_max = age_max;
    std::vector<Problem> problems;
    letters_ = DeadLetters::open(daemon::real_files(), options, problems);
    ASSERT_TRUE(letters_);
  }

  std::vector<Place> write(std::uint64_t first, std::uint64_t count, std::size_t message_bytes = 10,
                           std::uint64_t replay_of = 0) {
    std::vector<StoredLetter> letters;
    for (std::uint64_t sequence = first; sequence < first + count; ++sequence) {
      StoredLetter& letter = letters.emplace_back();
      letter.record = events_.add(sequence, "orders", "key", std::string(message_bytes, '1'));
      letter.record.replay_of = replay_of;
      letter.reason = LetterReason::kTimedOut;
      letter.code = -7;
      letter.time_ms = 1'700'000'000'000;
      letter.instance = "kafkaid";
      letter.client = "a script";
      letter.detail = "too late";
    }
    std::vector<Place> places;
    EXPECT_EQ(letters_->write(letters, places), 0);
    return places;
  }

  TemporaryDirectory directory_;
  StoredEvents events_;
  std::unique_ptr<DeadLetters> letters_;
};

TEST_F(DeadLettersTest, ALetterSaysAllThatItWasGiven) {
  const std::vector<Place> places = write(1, 3);
  std::vector<std::byte> buffer;
  StoredLetter letter;
  ASSERT_TRUE(letters_->read(places[1], buffer, letter));
  EXPECT_EQ(letter.record.sequence, 2U);
  EXPECT_EQ(letter.record.view.key, "key");
  EXPECT_EQ(letter.reason, LetterReason::kTimedOut);
  EXPECT_EQ(letter.code, -7);
  EXPECT_EQ(letter.time_ms, 1'700'000'000'000);
  EXPECT_EQ(letter.instance, "kafkaid");
  EXPECT_EQ(letter.client, "a script");
  EXPECT_EQ(letter.detail, "too late");
  EXPECT_FALSE(letters_->read({places[1].segment, places[1].offset + 8}, buffer, letter));
  EXPECT_FALSE(letters_->read({99, 64}, buffer, letter));
}

TEST_F(DeadLettersTest, ASuccessorKnowsWhoIsDead) {
  const std::vector<Place> places = write(1, 3);
  EXPECT_EQ(letters_->void_letter(places[2]), 0);
  open();
  EXPECT_TRUE(letters_->has(kThisArena, 1));
  EXPECT_FALSE(letters_->has(kThisArena, 3)) << "it was acknowledged after all";
  EXPECT_FALSE(letters_->has(kOtherArena, 1));
  EXPECT_FALSE(letters_->has(kThisArena, 4));
  EXPECT_EQ(letters_->kept(), 2U);
}

TEST_F(DeadLettersTest, WhatWasReplayedOrPurgedIsNotKeptAnyMore) {
  const std::vector<Place> places = write(1, 4);
  letters_->mark(places[0], daemon::kLetterReplayed);
  letters_->mark(places[1], daemon::kLetterPurged);
  letters_->mark(places[1], daemon::kLetterPurged);
  EXPECT_EQ(letters_->kept(), 2U);
  letters_->tidy(0);
  open();
  EXPECT_EQ(letters_->kept(), 2U);
  EXPECT_TRUE(letters_->has(kThisArena, 1)) << "it has ended, and is not to be sent again";
}

TEST_F(DeadLettersTest, TheOldestGoWhenThereAreTooMany) {
  open(2u << 20);
  for (std::uint64_t sequence = 1; sequence <= 4'000; sequence += 100) write(sequence, 100, 1'000);
  letters_->tidy(0);
  EXPECT_LE(letters_->log().total_bytes(), 2u << 20);
  EXPECT_GT(letters_->log().total_bytes(), 1u << 20);
  EXPECT_EQ(letters_->kept() + letters_->removed(), 4'000U);
  EXPECT_GT(letters_->removed(), 0U);
  open(2u << 20);
  EXPECT_FALSE(letters_->has(kThisArena, 1));
  EXPECT_TRUE(letters_->has(kThisArena, 4'000));
}

TEST_F(DeadLettersTest, TheOldGo) {
  open(0, std::chrono::milliseconds(kDayMs));
  write(1, 10);
  const std::int64_t now_ms = ipc::realtime_ns() / 1'000'000;
  letters_->tidy(now_ms);
  letters_->tidy(now_ms + kDayMs / 2);
  write(11, 10);
  EXPECT_EQ(letters_->kept(), 20U);
  letters_->tidy(now_ms + kDayMs + kDayMs / 8);
  EXPECT_EQ(letters_->kept(), 0U) << "both were written today, as far as their files know";
  EXPECT_EQ(letters_->removed(), 20U);
  write(21, 1);
  EXPECT_EQ(letters_->kept(), 1U);
}

// Until the end of its replay is known a letter is the only one that has the event for sure.
TEST_F(DeadLettersTest, WhatIsBeingReplayedStaysWhateverItsSizeAndAge) {
  open(1u << 20);
  const std::vector<Place> places = write(1, 10, 1'000);
  letters_->begin_replay(places[3]);
  for (std::uint64_t sequence = 11; sequence <= 4'010; sequence += 100) write(sequence, 100, 1'000);
  letters_->tidy(0);
  std::vector<std::byte> buffer;
  StoredLetter letter;
  EXPECT_TRUE(letters_->is_being_replayed(places[3]));
  EXPECT_TRUE(letters_->read(places[3], buffer, letter));
  EXPECT_EQ(letters_->removed(), 0U);
  EXPECT_EQ(letters_->mark(places[3], daemon::kLetterReplayed), 0);
  EXPECT_FALSE(letters_->is_being_replayed(places[3]));
  letters_->tidy(0);
  EXPECT_FALSE(letters_->read(places[3], buffer, letter));
  EXPECT_GT(letters_->removed(), 0U);
  EXPECT_EQ(letters_->kept() + letters_->removed(), 4'009U) << "what was replayed was not thrown away";
}

// The crash comes before the first letter's mark: it waits no more all the same.
TEST_F(DeadLettersTest, AReplaysOwnLetterStandsForTheFirst) {
  const std::vector<Place> places = write(1, 2);
  EXPECT_FALSE(letters_->has_replay_of(pack(places[0])));
  write(1, 1, 10, pack(places[0]));
  for (int times = 0; times < 2; ++times) {
    open();
    EXPECT_TRUE(letters_->has_replay_of(pack(places[0])));
    EXPECT_FALSE(letters_->has_replay_of(pack(places[1])));
    EXPECT_EQ(letters_->mark_of(places[0]), daemon::kLetterReplayed);
    EXPECT_EQ(letters_->mark_of(places[1]), 0);
    EXPECT_EQ(letters_->kept(), 2U);
  }
}

// The file is from long ago, and its last letter may be as young as the file after it.
TEST_F(DeadLettersTest, AFileIsAsYoungAsTheNextOne) {
  const std::vector<Place> places = write(1, 1);
  letters_.reset();
  const std::int64_t now_ms = ipc::realtime_ns() / 1'000'000;
  for (const auto& file : std::filesystem::directory_iterator(directory_.path()))
    change_segment_header(file,
                          [&](daemon::SegmentHeader& header) { header.created_ms = now_ms - 3 * kDayMs; });
  open(0, std::chrono::milliseconds(kDayMs));
  write(2, 1);
  letters_->tidy(now_ms + kDayMs / 2);
  EXPECT_EQ(letters_->kept(), 2U);
  letters_->tidy(now_ms + kDayMs + kDayMs / 32);
  EXPECT_EQ(letters_->kept(), 1U);
  EXPECT_FALSE(letters_->mark_of(places[0]));
}

}  // namespace
}  // namespace ringpost::tests
