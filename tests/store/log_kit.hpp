// What the tests of the log have in common.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "daemon/store/log.hpp"
#include "daemon/store/segment_file.hpp"
#include "tests/store/faulty_files.hpp"
#include "tests/support/temporary_directory.hpp"

namespace ringpost::tests {

using daemon::Kind;
using daemon::Log;
using daemon::Place;
using daemon::Problem;

// A disk without faults, and without the time that fdatasync() takes.
inline daemon::Files& disk() {
  static FaultyFiles files;
  return files;
}

using Frames = std::vector<std::pair<Place, std::string>>;
struct ToldMark {
  Place place;
  std::uint8_t mark;
  std::uint32_t argument;
  friend bool operator==(const ToldMark&, const ToldMark&) = default;
  friend auto operator<=>(const ToldMark& one, const ToldMark& other) {
    return std::tie(one.place, one.mark, one.argument) <=> std::tie(other.place, other.mark, other.argument);
  }
};

// Keeps all it is told.
class Collector final : public daemon::LogVisitor {
 public:
  void segment(std::uint32_t number, const daemon::SegmentFacts& facts) override {
    segments.emplace_back(number, facts);
  }
  void mark(Place place, std::uint8_t mark, std::uint32_t argument) override {
    marks.push_back({place, mark, argument});
  }
  void frame(Place place, std::span<const std::byte> payload) override {
    frames.emplace_back(place, std::string(reinterpret_cast<const char*>(payload.data()), payload.size()));
  }

  std::vector<std::pair<std::uint32_t, daemon::SegmentFacts>> segments;
  std::vector<ToldMark> marks;
  Frames frames;
};

struct Found {
  std::unique_ptr<Log> log;
  Collector told;
  std::vector<Problem> problems;

  std::size_t count(Problem::Kind kind) const {
    return static_cast<std::size_t>(std::count_if(
        problems.begin(), problems.end(), [kind](const Problem& problem) { return problem.kind == kind; }));
  }
};

inline Found open_log(daemon::Files& files, Log::Options options) {
  Found found;
  found.log = Log::open(files, std::move(options), found.told, found.problems);
  return found;
}
inline Found read_log(const std::string& directory, Kind kind = Kind::kSpool) {
  Found found;
  EXPECT_TRUE(daemon::read_log(daemon::real_files(), directory, kind, found.told, found.problems));
  return found;
}
inline Log::Options options_in(const TemporaryDirectory& directory) {
  Log::Options options;
  options.directory = directory.path();
  options.segment_bytes = 4096;
  options.sync = Log::Sync::kNever;
  return options;
}

// Appends them in one go; the errno.
inline int append(Log& log, const std::vector<std::string>& payloads, std::vector<Place>& places) {
  std::vector<std::span<const std::byte>> spans;
  for (const std::string& payload : payloads) spans.push_back(std::as_bytes(std::span(payload)));
  return log.append(spans, places);
}
inline Place append_one(Log& log, const std::string& payload) {
  std::vector<Place> places;
  EXPECT_EQ(append(log, {payload}, places), 0);
  return places.empty() ? Place{} : places[0];
}

inline std::string log_file(const TemporaryDirectory& directory, std::uint32_t number,
                            Kind kind = Kind::kSpool) {
  return directory.file(daemon::segment_name(kind, number, "log"));
}
inline std::string marks_file(const TemporaryDirectory& directory, std::uint32_t number) {
  return directory.file(daemon::segment_name(Kind::kSpool, number, "marks"));
}
inline std::size_t files_in(const TemporaryDirectory& directory) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory.path()),
                                                std::filesystem::directory_iterator()));
}

// Twenty records of growing sizes, and where they lie.
inline Frames write_records(const Log::Options& options, std::size_t count) {
  Found found = open_log(daemon::real_files(), options);
  Frames frames;
  for (std::size_t number = 0; number < count; ++number) {
    const std::string payload = "record " + std::to_string(number) + std::string(number % 20, 'x');
    frames.emplace_back(append_one(*found.log, payload), payload);
  }
  return frames;
}
inline Frames write_twenty(const TemporaryDirectory& directory) {
  return write_records(options_in(directory), 20);
}

}  // namespace ringpost::tests
