#include "daemon/command/audit_reading.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "daemon/store/log.hpp"
#include "daemon/store/stored_record.hpp"

namespace ringpost::daemon {
namespace {

using simdjson::dom::element;

std::vector<SegmentBooks> segments_in(const element& object, std::string_view name) {
  std::vector<SegmentBooks> segments;
  for (const element segment : object[name].get_array()) {
    segments.push_back({static_cast<std::uint32_t>(segment["segment"].get_uint64()),
                        segment["records"].get_uint64(), segment["delivered"].get_uint64(),
                        segment["ended"].get_uint64()});
  }
  return segments;
}

// The marks of a segment come before its frames.
class SegmentCounter : public LogVisitor {
 public:
  explicit SegmentCounter(Kind kind) : kind_(kind) {}

  void segment(std::uint32_t number, const SegmentFacts& /*facts*/) override {
    counted_.push_back({number, 0, 0, 0});
    marks_.clear();
  }

  void mark(Place place, std::uint8_t mark, std::uint32_t /*argument*/) override {
    if (kind_ == Kind::kLetters || mark != kSpoolBroughtBack) {
      marks_[place] = mark;  // the last one counts
    }
  }

  void frame(Place place, std::span<const std::byte> /*payload*/) override {
    const auto found = marks_.find(place);
    const std::uint8_t mark = found == marks_.end() ? std::uint8_t{0} : found->second;
    SegmentBooks& books = counted_.back();
    if (kind_ == Kind::kSpool && mark == kSpoolMoved) {
      return;
    }
    ++books.records;
    books.ended += mark != 0 ? 1 : 0;
    books.delivered += kind_ == Kind::kSpool && mark == kSpoolDelivered ? 1 : 0;
  }

  std::vector<SegmentBooks> take() { return std::move(counted_); }

 private:
  const Kind kind_;
  std::vector<SegmentBooks> counted_;
  std::map<Place, std::uint8_t> marks_;
};

std::vector<SegmentBooks> count_log(Files& files, const std::string& directory, Kind kind,
                                    std::vector<std::string>& texts) {
  SegmentCounter counter(kind);
  std::vector<Problem> problems;
  if (!read_log(files, directory, kind, counter, problems) && problems.empty()) {
    texts.push_back(fmt::format("can't read {}", directory));
  }
  for (const Problem& problem : problems) {
    if (problem.kind != Problem::Kind::kCut) {  // a write that is under way looks like that
      texts.push_back(problem.text);
    }
  }
  return counter.take();
}

SegmentBooks books_of(const std::vector<SegmentBooks>& segments, std::uint32_t number) {
  const auto found = std::ranges::find(segments, number, &SegmentBooks::number);
  return found == segments.end() ? SegmentBooks{number, 0, 0, 0} : *found;
}

void compare_log(std::string_view log, const std::vector<SegmentBooks>& before,
                 const std::vector<SegmentBooks>& files, const std::vector<SegmentBooks>& after,
                 std::vector<AuditFigure>& figures) {
  std::set<std::uint32_t> numbers;
  for (const auto* segments : {&before, &files, &after}) {
    for (const SegmentBooks& segment : *segments) {
      numbers.insert(segment.number);
    }
  }
  for (const std::uint32_t number : numbers) {
    const SegmentBooks first = books_of(before, number);
    const SegmentBooks found = books_of(files, number);
    const SegmentBooks last = books_of(after, number);
    const auto add = [&](std::string_view what, std::uint64_t SegmentBooks::*figure) {
      const auto [least, most] = std::minmax(first.*figure, last.*figure);
      figures.push_back({fmt::format("{} segment {}: {}", log, number, what),
                         std::clamp(found.*figure, least, most), found.*figure});
    };
    add("records", &SegmentBooks::records);
    add("delivered", &SegmentBooks::delivered);
    add("ended", &SegmentBooks::ended);
  }
}

}  // namespace

AuditReading read_audit(std::string_view json) {
  simdjson::dom::parser parser;
  AuditReading reading;
  try {
    const element audit = parser.parse(json.data(), json.size());
    reading.instance = std::string_view(audit["instance"]);
    reading.directory = std::string_view(audit["directory"]);
    for (const element line : audit["lines"].get_array()) {
      reading.memory.push_back({std::string(std::string_view(line["what"])), line["books"].get_uint64(),
                                line["found"].get_uint64()});
    }
    reading.spool = segments_in(audit, "spool");
    reading.letters = segments_in(audit, "letters");
  } catch (const simdjson::simdjson_error& error) {
    throw std::runtime_error(
        fmt::format("the daemon's audit can't be read ({}): is it of another version?", error.what()));
  }
  return reading;
}

FilesReading count_files(Files& files, const std::string& directory) {
  FilesReading reading;
  if (!directory.empty()) {
    reading.spool = count_log(files, directory, Kind::kSpool, reading.problems);
    reading.letters = count_log(files, directory, Kind::kLetters, reading.problems);
  }
  return reading;
}

std::vector<AuditFigure> compare(const AuditReading& before, const FilesReading& files,
                                 const AuditReading& after) {
  std::vector<AuditFigure> figures = after.memory;
  compare_log("spool", before.spool, files.spool, after.spool, figures);
  compare_log("dead letters", before.letters, files.letters, after.letters, figures);
  return figures;
}

}  // namespace ringpost::daemon
