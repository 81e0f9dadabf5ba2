// A log on a disk that does what it should.
#include "daemon/store/log.hpp"

#include <gmock/gmock.h>

#include <cerrno>

#include "daemon/store/boot_id.hpp"
#include "tests/store/log_kit.hpp"

namespace ringpost::tests {
namespace {

using daemon::frame_bytes;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Log, WhatWasAppendedIsToldInOrderByASuccessor) {
  TemporaryDirectory directory;
  const Frames frames = write_twenty(directory);
  const Found found = open_log(disk(), options_in(directory));
  EXPECT_EQ(found.told.frames, frames);
  EXPECT_THAT(found.problems, IsEmpty());
  ASSERT_EQ(found.told.segments.size(), 1U);
  const auto& [number, facts] = found.told.segments[0];
  EXPECT_EQ(number, 1U);
  EXPECT_EQ(facts.boot_id, daemon::boot_id());
  EXPECT_NE(facts.boot_id, decltype(facts.boot_id){});
  EXPECT_GT(facts.created_ms, 0);
  EXPECT_EQ(found.log->total_bytes(), std::filesystem::file_size(log_file(directory, 1)));
  EXPECT_EQ(read_log(directory.path()).told.frames, frames);
}

TEST(Log, ASuccessorBeginsANewSegment) {
  TemporaryDirectory directory;
  write_twenty(directory);
  const Found found = open_log(disk(), options_in(directory));
  EXPECT_TRUE(found.log->is_closed(1));
  EXPECT_EQ(append_one(*found.log, "next").segment, 2U);
  EXPECT_FALSE(found.log->is_closed(2));
}

TEST(Log, SegmentsEndBeforeTheyAreTooLargeAndOneAppendLiesInOne) {
  TemporaryDirectory directory;
  Found found = open_log(disk(), options_in(directory));
  std::vector<Place> places;
  ASSERT_EQ(append(*found.log, {std::string(2000, 'a'), std::string(1000, 'b')}, places), 0);
  EXPECT_THAT(places, ElementsAre(Place{1, 64}, Place{1, 64 + frame_bytes(2000)}));
  ASSERT_EQ(append(*found.log, {std::string(900, 'c'), std::string(100, 'd')}, places), 0);
  EXPECT_THAT(places, ElementsAre(Place{2, 64}, Place{2, 64 + frame_bytes(900)}));
  ASSERT_EQ(append(*found.log, {std::string(9000, 'e')}, places), 0);  // larger than a segment
  EXPECT_THAT(places, ElementsAre(Place{3, 64}));
  ASSERT_EQ(append(*found.log, {"f"}, places), 0);
  EXPECT_THAT(places, ElementsAre(Place{4, 64}));
  EXPECT_EQ(found.log->appended(), found.log->total_bytes() - 4 * 64);
  EXPECT_EQ(found.log->synced(), found.log->appended());
  EXPECT_EQ(found.log->segments().size(), 4U);
  EXPECT_EQ(found.log->segments()[2].bytes, 64 + frame_bytes(9000));
}

TEST(Log, ReadGivesFramesBack) {
  TemporaryDirectory directory;
  const Frames frames = write_twenty(directory);
  const Found found = open_log(disk(), options_in(directory));
  std::vector<std::byte> bytes;
  const std::size_t all = std::filesystem::file_size(log_file(directory, 1)) - 64;
  ASSERT_EQ(found.log->read({1, 64}, all, bytes), 0);
  daemon::FrameReader reader = found.log->frames({1, 64}, bytes);
  for (const auto& [place, payload] : frames) {
    const auto frame = reader.next();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->place, place);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(frame->payload.data()), frame->payload.size()),
              payload);
  }
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.damaged_bytes(), 0U);

  EXPECT_EQ(found.log->read({1, 64}, all + 1, bytes), EINVAL);
  EXPECT_EQ(found.log->read({1, 0}, 64, bytes), EINVAL);
  EXPECT_EQ(found.log->read({9, 64}, 8, bytes), ENOENT);
  std::filesystem::resize_file(log_file(directory, 1), 100);
  EXPECT_EQ(found.log->read({1, 64}, all, bytes), EIO);
}

TEST(Log, AReaderPassesOverWhatIsDamagedAndSaysHowMuch) {
  TemporaryDirectory directory;
  const Frames frames = write_twenty(directory);
  const Found found = open_log(disk(), options_in(directory));
  std::vector<std::byte> bytes;
  ASSERT_EQ(found.log->read(frames[0].first, frames[4].first.offset - 64, bytes), 0);
  bytes[frames[1].first.offset - 64 + 20] ^= std::byte{1};  // in its payload
  bytes[frames[2].first.offset - 64] ^= std::byte{1};       // in its header
  daemon::FrameReader reader = found.log->frames(frames[0].first, bytes);
  EXPECT_EQ(reader.next()->place, frames[0].first);
  EXPECT_EQ(reader.next()->place, frames[3].first);
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.damaged_bytes(), frames[3].first.offset - frames[1].first.offset);
}

TEST(Log, MarksAreToldBeforeTheirSegmentsFrames) {
  TemporaryDirectory directory;
  const Frames frames = write_twenty(directory);
  {
    Found found = open_log(disk(), options_in(directory));
    const std::uint64_t bytes_before = found.log->total_bytes();
    EXPECT_EQ(found.log->mark(frames[3].first, 1, 7), 0);
    EXPECT_EQ(found.log->mark(frames[5].first, 2), 0);
    EXPECT_EQ(found.log->mark({9, 64}, 1), ENOENT);
    EXPECT_EQ(found.log->mark({1, 60}, 1), EINVAL);
    EXPECT_EQ(found.log->mark({1, 1u << 20}, 1), EINVAL);
    EXPECT_EQ(found.log->unflushed_marks(), 2U);
    EXPECT_FALSE(std::filesystem::exists(marks_file(directory, 1)));
    EXPECT_EQ(found.log->flush_marks(), 0);
    EXPECT_EQ(found.log->unflushed_marks(), 0U);
    EXPECT_EQ(found.log->total_bytes(), bytes_before + 32);
  }
  {
    Found found = open_log(disk(), options_in(directory));
    EXPECT_THAT(found.told.marks,
                ElementsAre(ToldMark{frames[3].first, 1, 7}, ToldMark{frames[5].first, 2, 0}));
    EXPECT_EQ(found.log->mark(frames[6].first, 3, 0xFFFFFFFF), 0);
    EXPECT_EQ(found.log->flush_marks(true), 0);
  }
  const Found found = read_log(directory.path());
  EXPECT_EQ(found.told.marks.size(), 3U);
  EXPECT_EQ(found.told.marks[2], (ToldMark{frames[6].first, 3, 0xFFFFFFFF}));
  EXPECT_THAT(found.problems, IsEmpty());
}

TEST(Log, AFullLogRefusesUntilSomethingIsRemoved) {
  TemporaryDirectory directory;
  Log::Options options = options_in(directory);
  options.segment_bytes = 310;
  options.limit_bytes = 64 + 64 + 2 * frame_bytes(200);
  Found found = open_log(disk(), options);
  append_one(*found.log, std::string(200, 'a'));
  append_one(*found.log, std::string(200, 'b'));
  std::vector<Place> places;
  EXPECT_EQ(append(*found.log, {"c"}, places), ENOSPC);
  EXPECT_TRUE(found.log->full());
  EXPECT_EQ(found.log->remove(1), 0);
  EXPECT_FALSE(found.log->full());
  EXPECT_EQ(append_one(*found.log, "c").segment, 2U);
  EXPECT_EQ(append(*found.log, {std::string(300, 'd')}, places), ENOSPC);
  EXPECT_EQ(read_log(directory.path()).told.frames.size(), 2U);
}

TEST(Log, RemoveTakesTheSegmentAndItsMarks) {
  TemporaryDirectory directory;
  Found found = open_log(disk(), options_in(directory));
  const Place place = append_one(*found.log, "a");
  found.log->mark(place, 1);
  ASSERT_EQ(found.log->flush_marks(), 0);
  found.log->mark(place, 2);
  EXPECT_EQ(found.log->remove(1), EBUSY);
  found.log->close_segment();
  EXPECT_EQ(found.log->remove(1), 0);
  EXPECT_EQ(found.log->remove(1), ENOENT);
  EXPECT_EQ(found.log->unflushed_marks(), 0U);
  EXPECT_EQ(found.log->total_bytes(), 0U);
  EXPECT_EQ(files_in(directory), 0U);
  EXPECT_EQ(append_one(*found.log, "b").segment, 2U);
}

TEST(Log, NumbersAreNotUsedAgain) {
  TemporaryDirectory directory;
  write_file(directory.file("spool-0000000000000007.log.damaged-64"), "x");
  write_file(directory.file("letters-0000000000000009.log"), "x");  // another log's
  EXPECT_EQ(append_one(*open_log(disk(), options_in(directory)).log, "a").segment, 8U);
  Log::Options options = options_in(directory);
  options.used_number = 20;
  EXPECT_EQ(append_one(*open_log(disk(), options).log, "a").segment, 21U);
  EXPECT_EQ(append_one(*open_log(disk(), options).log, "a").segment, 22U);
}

TEST(Log, TwoKindsShareADirectory) {
  TemporaryDirectory directory;
  Log::Options letters = options_in(directory);
  letters.kind = Kind::kLetters;
  append_one(*open_log(disk(), options_in(directory)).log, "record");
  append_one(*open_log(disk(), letters).log, "letter");
  EXPECT_EQ(read_log(directory.path()).told.frames, (Frames{{{1, 64}, "record"}}));
  EXPECT_EQ(read_log(directory.path(), Kind::kLetters).told.frames, (Frames{{{1, 64}, "letter"}}));
}

TEST(Log, PayloadsThatCantBeAreRefused) {
  TemporaryDirectory directory;
  Found found = open_log(disk(), options_in(directory));
  std::vector<Place> places;
  EXPECT_EQ(append(*found.log, {"a", ""}, places), EINVAL);
  EXPECT_EQ(append(*found.log, {std::string(daemon::kFramePayloadMaxBytes + 1, 'a')}, places), EINVAL);
  EXPECT_EQ(append(*found.log, {}, places), 0);
  EXPECT_EQ(files_in(directory), 0U);
  EXPECT_EQ(append(*found.log, {std::string(daemon::kFramePayloadMaxBytes, 'a')}, places), 0);
  EXPECT_EQ(read_log(directory.path()).told.frames.size(), 1U);
}

TEST(Log, ADirectoryThatIsMissingIsAProblem) {
  TemporaryDirectory directory;
  Log::Options options = options_in(directory);
  options.directory += "/missing";
  const Found found = open_log(disk(), options);
  EXPECT_FALSE(found.log);
  ASSERT_EQ(found.problems.size(), 1U);
  EXPECT_THAT(found.problems[0].text, testing::HasSubstr("/missing"));
}

}  // namespace
}  // namespace ringpost::tests
