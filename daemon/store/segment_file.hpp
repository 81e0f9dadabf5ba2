// One segment's file as it is found: its names, its header, its frames and marks. Changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/store/files.hpp"
#include "daemon/store/frames.hpp"
#include "daemon/store/log_visitor.hpp"
#include "daemon/store/segment_layout.hpp"

namespace ringpost::daemon {

std::string_view to_string(Kind kind);  // as in the files' names
std::string segment_name(Kind kind, std::uint32_t number, std::string_view extension);

// What a name in a log's directory says.
struct SegmentName {
  enum class Type : std::uint8_t {
    kOther,
    kLog,
    kMarks,
    kDamaged,
    kMalformed /* as ours, but no number of ours */
  };
  Type type = Type::kOther;
  std::uint32_t number = 0;
};
SegmentName parse_segment_name(Kind kind, std::string_view name);

SegmentHeader make_segment_header(Kind kind, std::uint32_t number, std::uint32_t salt,
                                  std::int64_t created_ms);
MarkEntry make_mark(Place place, std::uint8_t mark, std::uint32_t argument, std::uint32_t salt);

// Reads a segment from its beginning to its end, a window of it at a time.
class SegmentFile {
 public:
  SegmentFile(Files& files, int file, Kind kind, std::uint32_t number)
      : files_(files), file_(file), kind_(kind), number_(number) {}

  enum class Form : std::uint8_t {
    kWhole,       // a segment; maybe without its header
    kEmpty,       // made, and then nothing came
    kNewer,       // of a later version
    kForeign,     // not of this kind or number, or nothing that could be understood
    kUnreadable,  // error()
  };
  // Once, before the others.
  Form begin();
  const SegmentFacts& facts() const { return facts_; }
  std::uint32_t salt() const { return salt_.value_or(0); }

  std::optional<FrameReader::Frame> next();
  // What next() has passed over, each from its first byte to behind its last.
  using Range = std::pair<std::uint64_t, std::uint64_t>;
  const std::vector<Range>& damaged() const { return damaged_; }
  std::uint64_t size_bytes() const { return size_bytes_; }
  // Of a read that failed; what could not be read passes for zeros.
  int error() const { return error_; }

 private:
  bool fill(std::uint64_t offset, std::size_t bytes);
  std::span<const std::byte> window(std::uint64_t offset, std::size_t bytes) const;
  void damage(std::uint64_t bytes);
  Form form_of_short_file();
  Form form_without_header(const SegmentHeader& header);
  bool is_zero();

  Files& files_;
  const int file_;
  const Kind kind_;
  const std::uint32_t number_;
  std::uint64_t size_bytes_ = 0;
  std::uint64_t at_ = 0;
  std::vector<std::byte> window_;
  std::uint64_t window_offset_ = 0;
  std::optional<std::uint32_t> salt_;
  SegmentFacts facts_;
  std::vector<Range> damaged_;
  int error_ = 0;
};

struct MarksRead {
  std::uint64_t bytes =
      0;  // up to here there is something: zeros and a piece of an entry are what a crash leaves
  std::size_t damaged = 0;  // entries that are none
};
// Tells the marks of a segment. ENOENT: it has none.
int read_marks(Files& files, const std::string& path, std::uint32_t number, std::uint32_t salt,
               LogVisitor& visitor, MarksRead& read);

}  // namespace ringpost::daemon
