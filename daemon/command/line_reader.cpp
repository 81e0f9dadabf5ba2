#include "daemon/command/line_reader.hpp"

#include <unistd.h>

#include <cerrno>

namespace ringpost::daemon {
namespace {

constexpr std::size_t kReadBytes = std::size_t{64} << 10;

std::string_view without_carriage_return(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

}  // namespace

LineReader::What LineReader::fill() {
  if (begin_ != 0) {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
  }
  const std::size_t size = buffer_.size();
  buffer_.resize(size + kReadBytes);
  const ssize_t count = read(descriptor_, buffer_.data() + size, kReadBytes);
  const int error = errno;
  buffer_.resize(size + (count > 0 ? static_cast<std::size_t>(count) : 0));
  errno = error;
  if (count > 0) {
    return What::kLine;
  }
  return count == 0 || error == EINTR ? What::kEnd : What::kError;
}

LineReader::Line LineReader::line_until(std::size_t end, std::size_t next_begin) {
  const std::string_view text =
      without_carriage_return(std::string_view(buffer_).substr(begin_, end - begin_));
  begin_ = scanned_ = next_begin;
  ++number_;
  // Without its text, as where that came in pieces and went by.
  if (text.size() > line_max_bytes_) return {What::kTooLong, number_, {}};
  return {What::kLine, number_, text};
}

LineReader::Line LineReader::next() {
  bool too_long = false;
  while (true) {
    if (const std::size_t end = buffer_.find('\n', scanned_); end != std::string::npos) {
      Line line = line_until(end, end + 1);
      return too_long ? Line{What::kTooLong, line.number, {}} : line;
    }
    scanned_ = buffer_.size();
    if (scanned_ - begin_ > line_max_bytes_ + 1) {  // one more for a "\r"
      too_long = true;
      begin_ = scanned_;  // so memory stays bounded while the rest of the line goes by
    }
    if (const What what = fill(); what != What::kLine) {
      if (what == What::kError || (begin_ == buffer_.size() && !too_long)) {
        return {what, number_, {}};
      }
      Line line = line_until(buffer_.size(), buffer_.size());  // a last line without a new line
      return too_long ? Line{What::kTooLong, line.number, {}} : line;
    }
  }
}

LineReader::Line LineReader::rest() {
  What what = What::kLine;
  while (what == What::kLine && buffer_.size() - begin_ <= line_max_bytes_ + 2) {
    what = fill();
  }
  if (what == What::kError) {
    return {what, number_, {}};
  }
  const bool new_line = buffer_.ends_with('\n');
  return line_until(buffer_.size() - (new_line ? 1 : 0), buffer_.size());
}

}  // namespace ringpost::daemon
