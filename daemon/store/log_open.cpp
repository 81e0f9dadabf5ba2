// A log as it is found: for a daemon, which puts right what a crash has left, and for who only looks.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "daemon/store/boot_id.hpp"
#include "daemon/store/log.hpp"
#include "daemon/store/segment_file.hpp"
#include "daemon/store/sync_thread.hpp"

namespace ringpost::daemon {
using Form = SegmentFile::Form;

namespace {

constexpr std::size_t kCopyBytes = 1u << 20;

struct Listing {
  std::set<std::uint32_t> logs;
  std::set<std::uint32_t> marks;
  std::uint32_t last_number = 0;  // of whatever has a number
};

}  // namespace

// A directory's files of one log, and what has been found in them. Not unnamed: Log::Opening has one.
class LogSurvey {
 public:
  LogSurvey(Files& files, const std::string& directory, Kind kind, LogVisitor& visitor,
            std::vector<Problem>& problems)
      : files_(files), directory_(directory), kind_(kind), visitor_(visitor), problems_(problems) {}

  int list(Listing& listing) {
    std::vector<std::string> names;
    if (const int error = files_.list(directory_, names)) {
      report(Problem::Kind::kUnreadable, 0,
             fmt::format("{} can't be read: {}", directory_, errno_text(error)));
      return error;
    }
    for (const std::string& name : names) add(name, listing);
    return 0;
  }

  std::string path(std::uint32_t number, std::string_view extension) const {
    return directory_ + "/" + segment_name(kind_, number, extension);
  }
  void report(Problem::Kind kind, std::uint32_t number, std::string text) {
    problems_.push_back({kind, number, std::move(text)});
  }

  // Whether it is a segment, which has been told then. ENOENT: it is there no more.
  struct Told {
    int error = 0;
    Form form = Form::kUnreadable;
    ipc::Descriptor file;
    SegmentFacts facts;
    std::uint32_t salt = 0;
    bool was_read = true;  // all of it
    std::uint64_t size_bytes = 0;
    std::vector<SegmentFile::Range> damaged;
    std::optional<std::uint64_t> marks_bytes;
  };
  Told tell(std::uint32_t number) {
    Told told;
    told.error = files_.open_read(path(number, "log"), told.file);
    if (told.error != 0) return told;
    SegmentFile segment(files_, told.file.get(), kind_, number);
    told.form = segment.begin();
    told.error = segment.error();
    if (told.form != Form::kWhole) return told;
    told.facts = segment.facts();
    told.salt = segment.salt();
    visitor_.segment(number, told.facts);
    told.marks_bytes = tell_marks(number, told.salt);
    while (const auto frame = segment.next()) visitor_.frame(frame->place, frame->payload);
    told.error = segment.error();
    told.was_read = told.error == 0;
    told.size_bytes = segment.size_bytes();
    told.damaged = segment.damaged();
    return told;
  }

  // What is wrong with a file that is no segment.
  void report_form(std::uint32_t number, const Told& told) {
    const std::string name = path(number, "log");
    if (told.form == Form::kNewer) {
      report(Problem::Kind::kNewer, number,
             fmt::format(
                 "{} was written by a newer version: it was left alone, and what is in it waits for that",
                 name));
    } else if (told.form == Form::kForeign) {
      report(
          Problem::Kind::kForeign, number,
          fmt::format("{} is no segment of this log, or nothing of it can be understood: it was left alone",
                      name));
    } else {
      report(Problem::Kind::kUnreadable, number,
             fmt::format("{} can't be read: {}; it was left alone", name, errno_text(told.error)));
    }
  }

 private:
  void add(const std::string& name, Listing& listing) {
    const SegmentName parsed = parse_segment_name(kind_, name);
    listing.last_number = std::max(listing.last_number, parsed.number);
    if (parsed.type == SegmentName::Type::kLog) listing.logs.insert(parsed.number);
    if (parsed.type == SegmentName::Type::kMarks) listing.marks.insert(parsed.number);
    if (parsed.type == SegmentName::Type::kMalformed) {
      report(Problem::Kind::kForeign, 0,
             fmt::format("{}/{} is no file of this log: it was left alone", directory_, name));
    }
  }

  // nullopt: how many there are is not known.
  std::optional<std::uint64_t> tell_marks(std::uint32_t number, std::uint32_t salt) {
    const std::string name = path(number, "marks");
    MarksRead marks;
    const int error = read_marks(files_, name, number, salt, visitor_, marks);
    if (error == ENOENT) return 0;
    if (error != 0) {
      report(Problem::Kind::kMarks, number,
             fmt::format("{} can't be read: {}; what it says of records is not known, they may be sent again",
                         name, errno_text(error)));
      return std::nullopt;
    }
    if (marks.damaged != 0) {
      report(Problem::Kind::kMarks, number,
             fmt::format("{}: {} of {} marks are damaged; their records may be sent again", name,
                         marks.damaged, marks.bytes / sizeof(MarkEntry)));
    }
    return marks.bytes;
  }

  Files& files_;
  const std::string& directory_;
  const Kind kind_;
  LogVisitor& visitor_;
  std::vector<Problem>& problems_;
};

namespace {

int copy(Files& files, int from, SegmentFile::Range range, int to) {
  std::vector<std::byte> bytes;
  for (std::uint64_t offset = range.first; offset < range.second; offset += bytes.size()) {
    bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(range.second - offset, kCopyBytes)));
    std::size_t got = 0;
    // What can't be read is zeros in the copy.
    read_whole(files, from, bytes, offset, got);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(got), bytes.end(), std::byte{0});
    if (const int error = write_whole(files, to, bytes, offset - range.first)) return error;
  }
  return files.fdatasync(to);
}

// Copies damaged bytes into a file of their own, under its name only when it is whole. EEXIST: that was done before.
int put_aside(Files& files, int file, SegmentFile::Range range, const std::string& name) {
  ipc::Descriptor before;
  const int error_of_before = files.open_read(name, before);
  if (error_of_before != ENOENT) return error_of_before == 0 ? EEXIST : error_of_before;
  const std::string unfinished = name + ".new";
  files.remove(unfinished);  // of a crash
  ipc::Descriptor aside;
  if (const int error = files.create(unfinished, aside)) return error;
  int error = copy(files, file, range, aside.get());
  if (error == 0) error = files.rename(unfinished, name);
  if (error != 0) files.remove(unfinished);
  return error;
}

}  // namespace

// Puts right what a crash has left, one segment at a time.
class Log::Opening {
 public:
  Opening(Log& log, Visitor& visitor, std::vector<Problem>& problems)
      : log_(log), survey_(log.files_, log.options_.directory, log.options_.kind, visitor, problems) {}

  bool run() {
    Listing listing;
    if (survey_.list(listing) != 0) return false;
    log_.last_number_ = std::max(log_.last_number_, listing.last_number);
    for (const std::uint32_t number : listing.marks) {
      if (!listing.logs.contains(number)) log_.files_.remove(survey_.path(number, "marks"));
    }
    for (const std::uint32_t number : listing.logs) take(number, number == *listing.logs.rbegin());
    return true;
  }

 private:
  void take(std::uint32_t number, bool is_newest) {
    LogSurvey::Told told = survey_.tell(number);
    if (told.form == Form::kEmpty) {
      remove_empty(number);
    } else if (told.form == Form::kWhole) {
      take_segment(number, told, is_newest);
    } else {
      survey_.report_form(number, told);
    }
  }

  void remove_empty(std::uint32_t number) {
    const std::string name = survey_.path(number, "log");
    const int error = log_.files_.remove(name);
    if (error == 0) log_.files_.remove(survey_.path(number, "marks"));
    survey_.report(Problem::Kind::kCut, number,
                   fmt::format("{} was made by a daemon that died before it wrote into it: {}", name,
                               error == 0 ? "it was removed" : "it can't be removed: " + errno_text(error)));
  }

  void take_segment(std::uint32_t number, LogSurvey::Told& told, bool is_newest) {
    SegmentState& segment = log_.segments_[number];
    segment.salt = told.salt;
    segment.created_ms = told.facts.created_ms;
    segment.bytes = told.size_bytes;
    segment.marks_bytes = told.marks_bytes;
    if (!told.was_read) {
      survey_.report(Problem::Kind::kUnreadable, number,
                     fmt::format("{} can't be read everywhere: {}; the rest of it was read",
                                 survey_.path(number, "log"), errno_text(told.error)));
    }
    for (const SegmentFile::Range& range : told.damaged) {
      const bool is_tail = range.second == told.size_bytes && range.first != 0;
      if (is_tail && is_newest && told.was_read) {
        cut_tail(number, segment, told, range);
      } else {
        keep_damaged(number, told, range);
      }
    }
    sync(number, told);
    log_.total_bytes_ += segment.bytes + segment.marks_bytes.value_or(0);
  }

  std::string aside_name(std::uint32_t number, SegmentFile::Range range) const {
    return fmt::format("{}.damaged-{}", survey_.path(number, "log"), range.first);
  }

  // A crash's end may have been a whole frame once: it is kept.
  void cut_tail(std::uint32_t number, SegmentState& segment, const LogSurvey::Told& told,
                SegmentFile::Range range) {
    const std::string aside = aside_name(number, range);
    int error = put_aside(log_.files_, told.file.get(), range, aside);
    if (error == EEXIST) error = 0;
    ipc::Descriptor file;
    if (error == 0) error = log_.files_.open_write(survey_.path(number, "log"), file);
    if (error == 0) error = log_.files_.truncate(file.get(), range.first);
    if (error == 0) segment.bytes = range.first;
    const std::string became = error == 0 ? "they were cut off, and are kept in " + aside
                                          : "they can't be cut off: " + errno_text(error);
    survey_.report(Problem::Kind::kCut, number,
                   fmt::format("{} ends with {} bytes, from {} on, of a write that was not finished: {}",
                               survey_.path(number, "log"), range.second - range.first, range.first, became));
  }

  void keep_damaged(std::uint32_t number, const LogSurvey::Told& told, SegmentFile::Range range) {
    const std::string aside = aside_name(number, range);
    const int error = put_aside(log_.files_, told.file.get(), range, aside);
    if (error == EEXIST) return;  // and said
    const std::string became =
        error == 0 ? "a copy is in " + aside : "they can't be copied to " + aside + ": " + errno_text(error);
    survey_.report(Problem::Kind::kDamaged, number,
                   fmt::format("{}: {} bytes from {} on are damaged, the rest was read; {}",
                               survey_.path(number, "log"), range.second - range.first, range.first, became));
  }

  // What a predecessor has written in this boot may be in the page cache only, and now it is what counts.
  void sync(std::uint32_t number, const LogSurvey::Told& told) {
    if (log_.options_.sync == Sync::kNever || told.facts.boot_id != boot_id_) return;
    const int error = log_.files_.fdatasync(told.file.get());
    if (error == 0) return;
    survey_.report(
        Problem::Kind::kUnwritable, number,
        fmt::format("{} can't be synchronised: {}; after a loss of power some of it may be missing",
                    survey_.path(number, "log"), errno_text(error)));
  }

  Log& log_;
  LogSurvey survey_;
  const std::array<std::uint8_t, 16> boot_id_ = boot_id();
};

std::unique_ptr<Log> Log::open(Files& files, Options options, Visitor& visitor,
                               std::vector<Problem>& problems) {
  std::unique_ptr<Log> log(new Log(files, std::move(options)));
  if (!Opening(*log, visitor, problems).run()) return nullptr;
  return log;
}

bool read_log(Files& files, const std::string& directory, Kind kind, LogVisitor& visitor,
              std::vector<Problem>& problems) {
  LogSurvey survey(files, directory, kind, visitor, problems);
  Listing listing;
  if (survey.list(listing) != 0) return false;
  for (const std::uint32_t number : listing.logs) {
    const LogSurvey::Told told = survey.tell(number);
    const bool is_gone = told.form == Form::kUnreadable && told.error == ENOENT;
    if (is_gone || told.form == Form::kEmpty) continue;
    if (told.form != Form::kWhole) {
      survey.report_form(number, told);
      continue;
    }
    const std::string name = survey.path(number, "log");
    if (!told.was_read) {
      survey.report(Problem::Kind::kUnreadable, number,
                    fmt::format("{} can't be read everywhere: {}", name, errno_text(told.error)));
    }
    for (const auto& [from, to] : told.damaged) {
      // What the daemon is writing just now, or did when it died.
      if (to == told.size_bytes && number == *listing.logs.rbegin()) continue;
      survey.report(Problem::Kind::kDamaged, number,
                    fmt::format("{}: {} bytes from {} on are damaged", name, to - from, from));
    }
  }
  return true;
}

}  // namespace ringpost::daemon
