// One scenario in which every system call fails in turn: alone, or together with all that come after it, which is what a
// death at that call leaves. Whatever was said to have been done is there afterwards; and where the disk recovers, nothing
// else is.
#include <gmock/gmock.h>

#include <cerrno>
#include <set>

#include "tests/store/faulty_files.hpp"
#include "tests/store/log_kit.hpp"

namespace ringpost::tests {
namespace {

// What has been said to be done.
struct Promised {
  Frames frames;
  std::vector<ToldMark> marks;
  std::set<std::uint32_t> removed;
};

// Uses a log for a while and writes down what it says.
class Scenario {
 public:
  explicit Scenario(Log& log) : log_(log) {}

  Promised run() {
    for (int round = 0; round < 3; ++round) {
      const std::string name = std::to_string(round);
      add({"a" + name, "b" + name + std::string(300, 'b')});
      add({"c" + name});
      mark_last(1);
      flush(round == 1);
      add({std::string(700, 'd') + name});  // a new segment
      mark_last(2);
      flush(false);
      read_all();
    }
    remove_oldest();
    mark_last(3);
    flush(true);
    add({"last"});
    return promised_;
  }
  // With a disk that works again.
  Promised end() {
    add({"end"});
    flush(true);
    return promised_;
  }

 private:
  void add(const std::vector<std::string>& payloads) {
    std::vector<Place> places;
    if (append(log_, payloads, places) != 0) {
      EXPECT_TRUE(places.empty());
      return;
    }
    ASSERT_EQ(places.size(), payloads.size());
    for (std::size_t at = 0; at < places.size(); ++at)
      promised_.frames.emplace_back(places[at], payloads[at]);
  }
  void mark_last(std::uint8_t mark) {
    if (promised_.frames.empty()) return;
    const Place place = promised_.frames.back().first;
    const int error = log_.mark(place, mark, 5);
    if (promised_.removed.contains(place.segment)) return;
    EXPECT_EQ(error, 0);
    unflushed_.push_back({place, mark, 5});
  }
  void flush(bool sync) {
    if (log_.flush_marks(sync) != 0) return;
    promised_.marks.insert(promised_.marks.end(), unflushed_.begin(), unflushed_.end());
    unflushed_.clear();
  }
  void read_all() {
    std::vector<std::byte> bytes;
    for (const auto& [place, payload] : promised_.frames) {
      if (log_.read(place, daemon::frame_bytes(payload.size()), bytes) != 0) continue;
      const auto frame = log_.frames(place, bytes).next();
      ASSERT_TRUE(frame);
      EXPECT_EQ(frame->payload.size(), payload.size());
    }
  }
  void remove_oldest() {
    const auto segments = log_.segments();
    if (segments.empty()) return;
    const std::uint32_t number = segments.front().number;
    if (log_.remove(number) != 0) return;
    promised_.removed.insert(number);
    std::erase_if(promised_.frames, [number](const auto& frame) { return frame.first.segment == number; });
    std::erase_if(promised_.marks, [number](const auto& mark) { return mark.place.segment == number; });
    std::erase_if(unflushed_, [number](const auto& mark) { return mark.place.segment == number; });
  }

  Log& log_;
  Promised promised_;
  std::vector<ToldMark> unflushed_;
};

Log::Options scenario_options(const TemporaryDirectory& directory, Log::Sync sync) {
  Log::Options options = options_in(directory);
  options.segment_bytes = 1024;
  options.sync = sync;
  return options;
}

void expect_includes(const Found& found, const Promised& promised) {
  std::set<std::pair<Place, std::string>> frames(found.told.frames.begin(), found.told.frames.end());
  for (const auto& frame : promised.frames) ASSERT_TRUE(frames.contains(frame)) << frame.second.substr(0, 4);
  for (const ToldMark& mark : promised.marks)
    ASSERT_TRUE(std::find(found.told.marks.begin(), found.told.marks.end(), mark) != found.told.marks.end());
  for (const auto& segment : found.told.segments) ASSERT_FALSE(promised.removed.contains(segment.first));
}

struct Case {
  Log::Sync sync;
  int error;
  bool stays;
  std::size_t written_bytes;
};

// Runs it with the fault at each call; false: it came to no call any more.
bool run_with_fault(const Case& the_case, std::size_t calls_before) {
  TemporaryDirectory directory;
  // Something is there already, with an end that has to be cut.
  {
    const Found before = open_log(daemon::real_files(), scenario_options(directory, Log::Sync::kNever));
    append_one(*before.log, "before");
    append_one(*before.log, "torn");
  }
  std::filesystem::resize_file(log_file(directory, 1),
                               std::filesystem::file_size(log_file(directory, 1)) - 4);

  FaultyFiles files;
  files.set({.error = the_case.error,
             .calls_before = calls_before,
             .stays = the_case.stays,
             .written_bytes = the_case.written_bytes});
  Promised promised;
  {
    const Found found = open_log(files, scenario_options(directory, the_case.sync));
    if (!found.log) return true;  // the directory could not be read, and that was said
    Scenario scenario(*found.log);
    promised = scenario.run();
    if (!the_case.stays) {
      files.mend();
      promised = scenario.end();
    }
  }
  const Found found = open_log(daemon::real_files(), scenario_options(directory, Log::Sync::kNever));
  expect_includes(found, promised);
  if (!the_case.stays) {
    std::erase_if(promised.frames, [](const auto& frame) { return frame.first.segment == 1; });
    Frames told = found.told.frames;
    std::erase_if(told, [](const auto& frame) { return frame.first.segment == 1; });
    EXPECT_EQ(told, promised.frames);
  }
  return files.has_failed();
}

class LogFaults : public testing::TestWithParam<Case> {};

TEST_P(LogFaults, AtEachCallInTurn) {
  std::size_t calls = 0;
  for (bool more = true; more; ++calls) {
    SCOPED_TRACE(calls);
    more = run_with_fault(GetParam(), calls);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
  EXPECT_GT(calls, 60U);
}

INSTANTIATE_TEST_SUITE_P(
    AloneAndForGood, LogFaults,
    testing::Values(Case{Log::Sync::kAlways, ENOSPC, false, 0}, Case{Log::Sync::kAlways, ENOSPC, false, 70},
                    Case{Log::Sync::kAlways, EIO, false, 350}, Case{Log::Sync::kNever, EROFS, false, 0},
                    Case{Log::Sync::kNever, EINTR, false, 3}, Case{Log::Sync::kAlways, ENOSPC, true, 0},
                    Case{Log::Sync::kAlways, EIO, true, 70}, Case{Log::Sync::kNever, EIO, true, 350},
                    Case{Log::Sync::kNever, EROFS, true, 0}));

TEST(LogFault, AFullDiskTakesMoreWhenItHasRoomAgain) {
  TemporaryDirectory directory;
  FaultyFiles files;
  Log::Options options = options_in(directory);
  const Found found = open_log(files, options);
  append_one(*found.log, "first");
  files.set({.error = ENOSPC, .call = FaultyFiles::Call::kPwrite, .stays = true, .written_bytes = 10});
  std::vector<Place> places;
  for (int time = 0; time < 5; ++time) {
    EXPECT_EQ(append(*found.log, {"second"}, places), ENOSPC);
    EXPECT_FALSE(found.log->full());  // not by its own limit
  }
  files.mend();
  EXPECT_EQ(append_one(*found.log, "second"), (Place{1, 64 + daemon::frame_bytes(5)}));
  const Found after = read_log(directory.path());
  EXPECT_EQ(after.told.frames.size(), 2U);
  EXPECT_TRUE(after.problems.empty());
}

// What is left of a write where the disk takes neither the rest nor the cut.
TEST(LogFault, AnEndThatCantBeCutOffIsCutLater) {
  TemporaryDirectory directory;
  FaultyFiles files;
  const Found found = open_log(files, options_in(directory));
  append_one(*found.log, "first");
  const std::size_t size = std::filesystem::file_size(log_file(directory, 1));
  files.set({.error = EIO, .calls_before = 0, .stays = true, .written_bytes = 30});
  std::vector<Place> places;
  EXPECT_EQ(append(*found.log, {"second", "third"}, places), EIO);
  EXPECT_GT(std::filesystem::file_size(log_file(directory, 1)), size);
  files.mend();
  EXPECT_EQ(append_one(*found.log, "fourth"), (Place{2, 64}));
  EXPECT_EQ(std::filesystem::file_size(log_file(directory, 1)), size);
}

}  // namespace
}  // namespace ringpost::tests
