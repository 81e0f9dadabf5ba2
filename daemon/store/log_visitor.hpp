// What is found in a log's files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "daemon/store/segment_layout.hpp"

namespace ringpost::daemon {

// What a segment's header says.
struct SegmentFacts {
  bool header_lost = false;                // what follows is not known, then
  std::array<std::uint8_t, 16> boot_id{};  // zeros: of no boot that could be this one
  std::int64_t created_ms = 0;  // now, where it is not known, so that nothing is too old by mistake
  std::uint64_t bytes = 0;      // of the file
};

// Is told, in the order of the segments' numbers: the segment, its marks, its frames.
class LogVisitor {
 public:
  virtual ~LogVisitor() = default;

  virtual void segment(std::uint32_t /*number*/, const SegmentFacts& /*facts*/) {}
  // In the order in which they were written; the same may come twice.
  virtual void mark(Place /*place*/, std::uint8_t /*mark*/, std::uint32_t /*argument*/) {}
  // Whole and checked; the payload is gone afterwards.
  virtual void frame(Place place, std::span<const std::byte> payload) = 0;
};

// What an administrator has to know of, in words; the caller logs it.
struct Problem {
  enum class Kind : std::uint8_t {
    kCut,         // the last write before a crash was not whole: it is cut off
    kDamaged,     // bytes that are no frames any more
    kMarks,       // marks that are damaged: what they were about may be sent again
    kNewer,       // a file of a newer version: left alone
    kForeign,     // a file that is none of this log's: left alone
    kUnreadable,  // the system says so
    kUnwritable,  // a change to the files was not possible
  };
  Kind kind;
  std::uint32_t segment = 0;  // 0: none
  std::string text;           // names the file, what is wrong, and what became of it
};

}  // namespace ringpost::daemon
