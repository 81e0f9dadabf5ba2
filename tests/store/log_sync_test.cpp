// What is on disk, and what is lost when fdatasync() fails.
#include <gmock/gmock.h>

#include <atomic>
#include <cerrno>

#include "tests/store/faulty_files.hpp"
#include "tests/store/log_kit.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

using Call = FaultyFiles::Call;
using testing::IsEmpty;

Log::Options always(const TemporaryDirectory& directory) {
  Log::Options options = options_in(directory);
  options.sync = Log::Sync::kAlways;
  return options;
}

TEST(LogSyncAlways, WhatCouldNotBeSyncedDoesNotCountAndItsSegmentGetsNoMore) {
  TemporaryDirectory directory;
  FaultyFiles files;
  Found found = open_log(files, always(directory));
  append_one(*found.log, "first");
  files.set({.error = EIO, .call = Call::kFdatasync});
  std::vector<Place> places;
  EXPECT_EQ(append(*found.log, {"second"}, places), EIO);
  EXPECT_THAT(places, IsEmpty());
  EXPECT_TRUE(found.log->is_closed(1));
  EXPECT_EQ(append_one(*found.log, "third"), (Place{2, 64}));
  EXPECT_EQ(read_log(directory.path()).told.frames, (Frames{{{1, 64}, "first"}, {{2, 64}, "third"}}));
  EXPECT_EQ(found.log->synced(), found.log->appended());
}

TEST(LogSyncAlways, ASegmentWhoseNameIsNotOnDiskDoesNotCount) {
  TemporaryDirectory directory;
  FaultyFiles files;
  Found found = open_log(files, always(directory));
  files.set({.error = EIO, .call = Call::kSyncDirectory});
  std::vector<Place> places;
  EXPECT_EQ(append(*found.log, {"first"}, places), EIO);
  EXPECT_EQ(files_in(directory), 0U);
  EXPECT_EQ(found.log->total_bytes(), 0U);
  EXPECT_EQ(append_one(*found.log, "again"), (Place{2, 64}));
}

class LogSyncInterval : public testing::Test {
 protected:
  LogSyncInterval() {
    Log::Options options = options_in(directory_);
    options.sync = Log::Sync::kInterval;
    options.sync_interval = std::chrono::milliseconds(1);
    options.on_synced = [this] { ++wakes_; };
    options_ = options;
  }
  void open() { found_ = open_log(files_, options_); }
  Log& log() { return *found_.log; }

  TemporaryDirectory directory_;
  FaultyFiles files_;
  std::atomic<int> wakes_ = 0;  // with the sync thread alone
  Log::Options options_;
  Found found_;
};

TEST_F(LogSyncInterval, SyncedRisesAndWakesTheOwner) {
  open();
  EXPECT_EQ(log().synced(), 0U);
  for (int number = 0; number < 10; ++number) {
    append_one(log(), std::string(1000, 'a'));  // several segments
    EXPECT_TRUE(wait_until([this] { return log().synced() == log().appended(); }));
  }
  EXPECT_TRUE(wait_until([this] { return wakes_ > 0; }));
  EXPECT_FALSE(log().take_lost());
}

TEST_F(LogSyncInterval, SyncNowDoesNotWaitForTheInterval) {
  options_.sync_interval = std::chrono::hours(24);
  open();
  log().sync_now();
  append_one(log(), "a");
  EXPECT_EQ(log().synced(), 0U);
  log().close_segment();
  EXPECT_EQ(log().remove(1), EBUSY);
  log().sync_now();
  EXPECT_EQ(log().synced(), log().appended());
  EXPECT_EQ(log().remove(1), 0);
}

TEST_F(LogSyncInterval, WhatWasLostIsNamedOnceAndCutOff) {
  options_.sync_interval = std::chrono::hours(24);
  open();
  append_one(log(), "first");
  log().sync_now();
  const std::uint64_t kept = log().synced();
  files_.set({.error = EIO, .call = Call::kFdatasync});
  append_one(log(), "second");
  append_one(log(), "third");
  const std::uint64_t end = log().appended();
  log().sync_now();
  EXPECT_EQ(log().synced(), kept);
  EXPECT_EQ(append_one(log(), "fourth"), (Place{2, 64}));  // its segment gets nothing more
  EXPECT_EQ(log().synced(), kept);
  const auto lost = log().take_lost();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->segment, 1U);
  EXPECT_EQ(lost->from, kept);
  EXPECT_EQ(lost->to, end);
  EXPECT_EQ(lost->error, EIO);
  EXPECT_FALSE(log().take_lost());
  EXPECT_EQ(append_one(log(), "second").segment, 2U);
  EXPECT_EQ(append_one(log(), "third").segment, 2U);
  log().sync_now();
  EXPECT_EQ(log().synced(), log().appended());
  const Found found = read_log(directory_.path());
  ASSERT_EQ(found.told.frames.size(), 4U);
  EXPECT_EQ(found.told.frames[0].second, "first");
  EXPECT_EQ(found.told.frames[1].second, "fourth");
  EXPECT_THAT(found.problems, IsEmpty());
}

TEST_F(LogSyncInterval, ASegmentThatIsLostAltogetherIsRemoved) {
  options_.sync_interval = std::chrono::hours(24);
  for (const Call call : {Call::kFdatasync, Call::kSyncDirectory}) {
    open();
    files_.set({.error = EIO, .call = call});
    const Place place = append_one(log(), "first");
    log().sync_now();
    const auto lost = log().take_lost();
    ASSERT_TRUE(lost);
    EXPECT_EQ(lost->segment, place.segment);
    EXPECT_EQ(files_in(directory_), 0U);
    EXPECT_EQ(log().total_bytes(), 0U);
    EXPECT_EQ(log().mark(place, 1), ENOENT);
  }
}

// Whatever fails between writing and syncing, what synced() says and what was lost are together all there is.
TEST_F(LogSyncInterval, ADiskThatFailsNowAndThenLosesNothingSilently) {
  open();
  std::map<std::uint64_t, std::string> pending;  // by the position behind it
  std::vector<std::string> safe;
  const auto settle = [&] {
    while (const auto lost = log().take_lost()) {
      std::vector<std::string> again;
      for (auto at = pending.upper_bound(lost->from); at != pending.end() && at->first <= lost->to;) {
        again.push_back(at->second);
        at = pending.erase(at);
      }
      for (const std::string& payload : again) {
        append_one(log(), payload);
        pending[log().appended()] = payload;
      }
    }
    // Its lost ranges are taken, or it stays below them.
    const std::uint64_t synced = log().synced();
    while (!pending.empty() && pending.begin()->first <= synced) {
      safe.push_back(pending.begin()->second);
      pending.erase(pending.begin());
    }
  };
  for (int number = 0; number < 2000; ++number) {
    if (number % 50 == 0)
      files_.set(
          {.error = EIO, .call = Call::kFdatasync, .calls_before = static_cast<std::size_t>(number % 3)});
    append_one(log(), std::to_string(number));
    pending[log().appended()] = std::to_string(number);
    if (number % 20 == 0) log().sync_now();
    settle();
  }
  files_.mend();
  while (!pending.empty()) {
    log().sync_now();
    settle();
  }
  std::vector<std::string> on_disk;
  const Found found = read_log(directory_.path());
  for (const auto& frame : found.told.frames) on_disk.push_back(frame.second);
  std::sort(on_disk.begin(), on_disk.end());
  std::sort(safe.begin(), safe.end());
  EXPECT_EQ(safe.size(), 2000U);
  EXPECT_EQ(on_disk, safe);
  EXPECT_THAT(found.problems, IsEmpty());
}

TEST(LogSync, MarksThatCouldNotBeSyncedAreWrittenAgain) {
  TemporaryDirectory directory;
  FaultyFiles files;
  Found found = open_log(files, always(directory));
  const Place place = append_one(*found.log, "first");
  found.log->mark(place, 1, 1);
  ASSERT_EQ(found.log->flush_marks(), 0);
  files.set({.error = EIO, .call = Call::kFdatasync});
  EXPECT_EQ(found.log->flush_marks(true), EIO);  // what was flushed without, too
  EXPECT_EQ(found.log->flush_marks(true), 0);
  found.log->mark(place, 2, 2);
  files.set({.error = EIO, .call = Call::kFdatasync});
  EXPECT_EQ(found.log->flush_marks(true), EIO);
  EXPECT_EQ(found.log->unflushed_marks(), 1U);
  EXPECT_EQ(found.log->flush_marks(true), 0);
  EXPECT_EQ(read_log(directory.path()).told.marks, (std::vector<ToldMark>{{place, 1, 1}, {place, 2, 2}}));
  const std::size_t calls = files.calls();
  EXPECT_EQ(found.log->flush_marks(true), 0);
  EXPECT_EQ(files.calls(), calls);  // nothing left to do
}

}  // namespace
}  // namespace ringpost::tests
