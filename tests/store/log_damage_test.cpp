// Files that are not as they were left: cut anywhere, with any byte changed, somebody else's.
#include <gmock/gmock.h>

#include <cstring>

#include "daemon/store/crc32c.hpp"
#include "tests/attack/amount.hpp"
#include "tests/store/faulty_files.hpp"
#include "tests/store/log_kit.hpp"

namespace ringpost::tests {
namespace {

using daemon::frame_bytes;
using testing::HasSubstr;
using testing::IsEmpty;
using ProblemKind = Problem::Kind;

// Of the frames, those that end before `bytes`.
Frames frames_before(const Frames& frames, std::size_t bytes) {
  Frames whole;
  for (const auto& frame : frames) {
    if (frame.first.offset + frame_bytes(frame.second.size()) <= bytes) whole.push_back(frame);
  }
  return whole;
}

// Twenty, and ten times as many where the environment has RINGPOST_ATTACK=10.
const std::size_t kRecords = 20 * std::max<std::size_t>(1, amount(10) / 10);

Log::Options one_segment_in(const TemporaryDirectory& directory) {
  Log::Options options = options_in(directory);
  options.segment_bytes = 1 << 20;
  return options;
}

TEST(LogDamage, ASegmentCutAtAnyByteGivesWhatIsWholeBeforeIt) {
  TemporaryDirectory original;
  const Frames frames = write_records(one_segment_in(original), kRecords);
  const std::string text = read_file(log_file(original, 1));
  for (std::size_t bytes = 0; bytes < text.size(); ++bytes) {
    SCOPED_TRACE(bytes);
    TemporaryDirectory directory;
    write_file(log_file(directory, 1), text.substr(0, bytes));
    const Frames whole = frames_before(frames, bytes);
    const Found read = read_log(directory.path());  // as a daemon may be writing it just now
    ASSERT_EQ(read.told.frames, whole);
    ASSERT_THAT(read.problems, IsEmpty());

    Found found = open_log(disk(), one_segment_in(directory));
    ASSERT_EQ(found.told.frames, whole);
    const std::size_t end =
        whole.empty() ? 64 : whole.back().first.offset + frame_bytes(whole.back().second.size());
    const bool is_torn = bytes != end;
    ASSERT_EQ(found.problems.size(), is_torn ? 1U : 0U);
    ASSERT_EQ(found.count(ProblemKind::kCut), found.problems.size());
    ASSERT_EQ(append_one(*found.log, "next").segment, 2U);
    found = open_log(disk(), one_segment_in(directory));  // once is enough
    ASSERT_THAT(found.problems, IsEmpty());
    ASSERT_EQ(found.told.frames.size(), whole.size() + 1);
    if (bytes > 64 && is_torn) {
      const std::string aside = log_file(directory, 1) + ".damaged-" + std::to_string(end);
      ASSERT_EQ(read_file(aside), text.substr(end, bytes - end));
    }
  }
}

TEST(LogDamage, AnyByteThatIsChangedCostsOneRecordAtMostAndIsReported) {
  TemporaryDirectory original;
  const Frames frames = write_records(one_segment_in(original), kRecords);
  const std::string text = read_file(log_file(original, 1));
  for (std::size_t at = 0; at < text.size(); ++at) {
    SCOPED_TRACE(at);
    TemporaryDirectory directory;
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 0x55);
    write_file(log_file(directory, 1), changed);
    Frames expected;
    bool in_padding = false;
    for (const auto& [place, payload] : frames) {
      const std::size_t end = place.offset + sizeof(daemon::FrameHeader) + payload.size();
      const bool is_hit = at >= place.offset && at < end;
      in_padding = in_padding || (at >= end && at < place.offset + frame_bytes(payload.size()));
      if (!is_hit) expected.emplace_back(place, payload);
    }
    Found found = open_log(disk(), one_segment_in(directory));
    ASSERT_EQ(found.told.frames, expected);
    ASSERT_EQ(found.problems.size(), in_padding ? 0U : 1U);
    if (at < 64) {
      ASSERT_TRUE(found.told.segments[0].second.header_lost);
      ASSERT_GT(found.told.segments[0].second.created_ms, 0);
    }
    // Places stay: what was not hit can be read and marked.
    std::vector<std::byte> bytes;
    const auto& [place, payload] = expected.back();
    ASSERT_EQ(found.log->read(place, frame_bytes(payload.size()), bytes), 0);
    ASSERT_TRUE(found.log->frames(place, bytes).next());
    ASSERT_EQ(found.log->mark(place, 1), 0);
    ASSERT_EQ(found.log->flush_marks(), 0);
    // The damage is kept, and said once.
    ASSERT_EQ(files_in(directory), in_padding ? 2U : 3U);
    found = open_log(disk(), one_segment_in(directory));
    ASSERT_THAT(found.problems, IsEmpty());
    ASSERT_EQ(found.told.frames, expected);
    ASSERT_EQ(found.told.marks.size(), 1U);
  }
}

TEST(LogDamage, DamageInTheMiddleStaysWhereItIs) {
  TemporaryDirectory directory;
  const Frames frames = write_twenty(directory);
  std::string text = read_file(log_file(directory, 1));
  const std::size_t from = frames[4].first.offset;
  const std::size_t to = frames[7].first.offset;
  text.replace(from, to - from, std::string(to - from, '\xA5'));
  write_file(log_file(directory, 1), text);
  const Found found = open_log(disk(), options_in(directory));
  EXPECT_EQ(found.told.frames.size(), 17U);
  ASSERT_EQ(found.count(ProblemKind::kDamaged), 1U);
  EXPECT_EQ(read_file(log_file(directory, 1)), text);
  EXPECT_EQ(read_file(log_file(directory, 1) + ".damaged-" + std::to_string(from)),
            text.substr(from, to - from));
  EXPECT_EQ(read_log(directory.path()).count(ProblemKind::kDamaged), 1U);
}

TEST(LogDamage, TheEndOfAnOlderSegmentIsNotCut) {
  TemporaryDirectory directory;
  write_twenty(directory);
  append_one(*open_log(disk(), options_in(directory)).log, "next");
  const std::size_t size = std::filesystem::file_size(log_file(directory, 1));
  std::filesystem::resize_file(log_file(directory, 1), size - 8);
  const Found found = open_log(disk(), options_in(directory));
  EXPECT_EQ(found.told.frames.size(), 20U);
  EXPECT_EQ(found.count(ProblemKind::kDamaged), 1U);
  EXPECT_EQ(std::filesystem::file_size(log_file(directory, 1)), size - 8);
}

// A client chooses a key's bytes. When the disk damages the frame around it, they must not become one.
TEST(LogDamage, AFrameWithinAPayloadIsNone) {
  TemporaryDirectory directory;
  Found found = open_log(disk(), options_in(directory));
  const Place first = append_one(*found.log, "first");
  std::vector<std::byte> forged;
  for (std::uint32_t offset = 0; offset < 1024; offset += 8) {
    // At each place that it may get; all is known to the forger but the salt.
    daemon::add_frame(std::as_bytes(std::span("forged", 6)), first.offset + offset + forged.size(), 1,
                      forged);
  }
  const std::string payload(reinterpret_cast<const char*>(forged.data()), forged.size());
  const Place place = append_one(*found.log, payload);
  append_one(*found.log, "last");
  std::string text = read_file(log_file(directory, 1));
  text[place.offset] = static_cast<char>(text[place.offset] ^ 1);
  write_file(log_file(directory, 1), text);
  found = open_log(disk(), options_in(directory));
  ASSERT_EQ(found.told.frames.size(), 2U);
  EXPECT_EQ(found.told.frames[1].second, "last");
}

// A frame of this very segment that a disk has written to another place of it.
TEST(LogDamage, AFrameAtAnotherPlaceIsNone) {
  TemporaryDirectory directory;
  const Frames frames = write_twenty(directory);
  std::string text = read_file(log_file(directory, 1));
  const std::size_t size = frame_bytes(frames[1].second.size());
  ASSERT_EQ(size, frame_bytes(frames[2].second.size()));
  text.replace(frames[2].first.offset, size, text, frames[1].first.offset, size);
  write_file(log_file(directory, 1), text);
  Frames expected = frames;
  expected.erase(expected.begin() + 2);
  EXPECT_EQ(open_log(disk(), options_in(directory)).told.frames, expected);
}

TEST(LogDamage, ZerosAtTheEndAreAWriteThatWasNotFinished) {
  TemporaryDirectory directory;
  const Frames frames = write_twenty(directory);
  const std::size_t size = std::filesystem::file_size(log_file(directory, 1));
  std::filesystem::resize_file(log_file(directory, 1), size + 5000);
  write_file(log_file(directory, 2), "");
  write_file(log_file(directory, 3), std::string(3000, '\0'));
  Found found = open_log(disk(), options_in(directory));
  EXPECT_EQ(found.told.frames, frames);
  EXPECT_EQ(found.count(ProblemKind::kCut), 2U);  // the two that are empty
  EXPECT_EQ(found.count(ProblemKind::kDamaged), 1U);
  EXPECT_FALSE(std::filesystem::exists(log_file(directory, 2)));
  EXPECT_FALSE(std::filesystem::exists(log_file(directory, 3)));
  EXPECT_EQ(append_one(*found.log, "next").segment, 4U);
}

class Marks : public testing::Test {
 protected:
  Marks() : frames_(write_twenty(original_)) {
    const Found found = open_log(disk(), options_in(original_));
    for (std::size_t at = 0; at < frames_.size(); ++at) {
      marks_.push_back(
          {frames_[at].first, static_cast<std::uint8_t>(1 + at % 3), static_cast<std::uint32_t>(at)});
      found.log->mark(marks_[at].place, marks_[at].mark, marks_[at].argument);
    }
    EXPECT_EQ(found.log->flush_marks(), 0);
    text_ = read_file(marks_file(original_, 1));
  }
  void copy_to(const TemporaryDirectory& directory, const std::string& marks) const {
    std::filesystem::copy_file(log_file(original_, 1), log_file(directory, 1));
    write_file(marks_file(directory, 1), marks);
  }
  // Goes on, and what comes then is found.
  static void expect_goes_on(const TemporaryDirectory& directory, Log& log, std::size_t marks) {
    ASSERT_EQ(log.mark({1, 64}, 9, 9), 0);
    ASSERT_EQ(log.flush_marks(), 0);
    const Found found = open_log(disk(), options_in(directory));
    ASSERT_EQ(found.told.marks.size(), marks + 1);
    ASSERT_EQ(found.told.marks.back(), (ToldMark{{1, 64}, 9, 9}));
  }

  TemporaryDirectory original_;
  const Frames frames_;
  std::vector<ToldMark> marks_;
  std::string text_;
};

TEST_F(Marks, CutAtAnyByteTheWholeOnesCount) {
  for (std::size_t bytes = 0; bytes < text_.size(); ++bytes) {
    SCOPED_TRACE(bytes);
    TemporaryDirectory directory;
    copy_to(directory, text_.substr(0, bytes));
    const Found found = open_log(disk(), options_in(directory));
    ASSERT_EQ(found.told.marks,
              std::vector(marks_.begin(), marks_.begin() + static_cast<std::ptrdiff_t>(bytes / 16)));
    ASSERT_EQ(found.told.frames, frames_);
    ASSERT_THAT(found.problems, IsEmpty());
    expect_goes_on(directory, *found.log, bytes / 16);
  }
}

TEST_F(Marks, AnyByteThatIsChangedCostsOneMark) {
  for (std::size_t at = 0; at < text_.size(); ++at) {
    SCOPED_TRACE(at);
    TemporaryDirectory directory;
    std::string changed = text_;
    changed[at] = static_cast<char>(changed[at] ^ 0xFF);
    copy_to(directory, changed);
    const Found found = open_log(disk(), options_in(directory));
    std::vector<ToldMark> expected = marks_;
    expected.erase(expected.begin() + static_cast<std::ptrdiff_t>(at / 16));
    ASSERT_EQ(found.told.marks, expected);
    ASSERT_EQ(found.count(ProblemKind::kMarks), 1U);
    expect_goes_on(directory, *found.log, expected.size());
  }
}

TEST_F(Marks, ZerosAtTheEndAreNone) {
  TemporaryDirectory directory;
  copy_to(directory, text_ + std::string(1000, '\0'));
  const Found found = open_log(disk(), options_in(directory));
  EXPECT_EQ(found.told.marks, marks_);
  EXPECT_THAT(found.problems, IsEmpty());
  expect_goes_on(directory, *found.log, marks_.size());
}

TEST_F(Marks, WithoutTheirSegmentAreRemoved) {
  TemporaryDirectory directory;
  write_file(marks_file(directory, 5), text_);
  const Found found = open_log(disk(), options_in(directory));
  EXPECT_EQ(files_in(directory), 0U);
  EXPECT_EQ(append_one(*found.log, "a").segment, 6U);
}

// Gives the header of that file other fields, with a checksum that is right.
template <typename Change>
void change_header(const std::string& name, Change change) {
  std::string text = read_file(name);
  daemon::SegmentHeader header;
  std::memcpy(&header, text.data(), sizeof header);
  change(header);
  header.crc32c = daemon::crc32c(std::as_bytes(std::span(&header, 1)).first(60));
  std::memcpy(text.data(), &header, sizeof header);
  write_file(name, text);
}

TEST(LogForeign, FilesOfOthersAreLeftAloneAndNamed) {
  TemporaryDirectory directory;
  for (int segment = 0; segment < 4; ++segment) write_twenty(directory);
  change_header(log_file(directory, 1), [](auto& header) { header.version = 2; });
  change_header(log_file(directory, 2), [](auto& header) { header.kind = 2; });
  std::filesystem::rename(log_file(directory, 3), log_file(directory, 6));
  write_file(log_file(directory, 7), "somebody's");
  write_file(log_file(directory, 8), std::string(200, 's'));
  write_file(directory.file("spool-notes.txt"), "notes");
  write_file(directory.file("notes.txt"), "notes");
  std::filesystem::create_directory(log_file(directory, 9));
  std::filesystem::create_symlink(log_file(directory, 4), log_file(directory, 10));

  std::map<std::string, std::string> before;
  const auto content = [&directory] {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path()))
      files[entry.path()] = entry.is_directory() ? "" : read_file(entry.path());
    return files;
  };
  before = content();
  const Found found = open_log(disk(), options_in(directory));
  EXPECT_EQ(found.told.frames.size(), 20U);
  EXPECT_EQ(found.told.segments.size(), 1U);
  EXPECT_EQ(found.count(ProblemKind::kNewer), 1U);
  EXPECT_EQ(found.count(ProblemKind::kForeign), 5U);
  EXPECT_EQ(found.count(ProblemKind::kUnreadable), 2U);
  EXPECT_EQ(found.problems.size(), 8U);
  EXPECT_EQ(content(), before);
  EXPECT_EQ(read_log(directory.path()).problems.size(), 8U);
  EXPECT_EQ(append_one(*found.log, "next").segment, 11U);
}

TEST(LogForeign, AnotherBootsSegmentIsTold) {
  TemporaryDirectory directory;
  const Frames frames = write_twenty(directory);
  change_header(log_file(directory, 1), [](auto& header) { header.boot_id.fill(7); });
  const Found found = open_log(disk(), options_in(directory));
  EXPECT_EQ(found.told.frames, frames);
  EXPECT_EQ(found.told.segments[0].second.boot_id[3], 7);
}

TEST(LogUnreadable, ADiskThatDoesNotReadChangesNothing) {
  TemporaryDirectory directory;
  const Frames frames = write_twenty(directory);
  const std::string text = read_file(log_file(directory, 1));
  FaultyFiles files;
  files.set({.error = EIO, .call = FaultyFiles::Call::kPread, .stays = true});
  const Found found = open_log(files, options_in(directory));
  EXPECT_THAT(found.told.frames, IsEmpty());
  EXPECT_EQ(found.count(ProblemKind::kUnreadable), 1U);
  EXPECT_EQ(read_file(log_file(directory, 1)), text);
  EXPECT_EQ(open_log(disk(), options_in(directory)).told.frames, frames);
}

TEST(LogUnreadable, WhatIsBehindABadPageIsRead) {
  TemporaryDirectory directory;
  Log::Options options = options_in(directory);
  options.segment_bytes = 1 << 20;
  options.sync = Log::Sync::kNever;
  Frames frames;
  {
    const Found found = open_log(disk(), options);
    for (int number = 0; number < 100; ++number) {
      const std::string payload = std::to_string(number) + std::string(500, 'p');
      frames.emplace_back(append_one(*found.log, payload), payload);
    }
  }
  FaultyFiles files;
  files.set({.error = EIO, .call = FaultyFiles::Call::kPread});  // its first page
  const Found found = open_log(files, options);
  EXPECT_GT(found.told.frames.size(), 85U);
  EXPECT_TRUE(std::equal(found.told.frames.rbegin(), found.told.frames.rend(), frames.rbegin()));
  EXPECT_EQ(found.count(ProblemKind::kUnreadable), 1U);
  EXPECT_EQ(found.count(ProblemKind::kCut), 0U);
}

}  // namespace
}  // namespace ringpost::tests
