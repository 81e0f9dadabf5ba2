// Lines of bounded length from a descriptor. A line that is too long is passed over whole, not cut: half a
// message would be another message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ringpost::daemon {

class LineReader {
 public:
  LineReader(int descriptor, std::size_t line_max_bytes)
      : descriptor_(descriptor), line_max_bytes_(line_max_bytes) {}

  enum class What : std::uint8_t {
    kLine,
    kTooLong,  // given without its text
    kEnd,      // of the input, or a signal that interrupts
    kError,    // errno says which
  };
  struct Line {
    What what = What::kEnd;
    std::uint64_t number = 0;  // from 1
    std::string_view text;     // without its "\n" or "\r\n"; until the next call
  };
  Line next();

  // All that is left, without the last "\n" or "\r\n"; number is 1.
  Line rest();

 private:
  What fill();  // kLine: there is more to look at
  Line line_until(std::size_t end, std::size_t next_begin);

  const int descriptor_;
  const std::size_t line_max_bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of the line that comes next
  std::size_t scanned_ = 0;  // no new line from begin_ to here
  std::uint64_t number_ = 0;
};

}  // namespace ringpost::daemon
