#include "keeper/log.hpp"

#include <poll.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>

namespace ringpost::keeper {
namespace {

constexpr int kLineMax = 600;
constexpr std::int64_t kIntervalMs = 10'000;
constexpr std::uint32_t kLinesInInterval = 5;

[[gnu::format(printf, 1, 0)]] void write_line(const char* format, va_list arguments) {
  const int errno_before = errno;
  char line[kLineMax];
  const int prefix = std::snprintf(line, sizeof line, "ringpost-keeper: ");
  int size = prefix + std::vsnprintf(line + prefix, sizeof line - static_cast<std::size_t>(prefix) - 1,
                                     format, arguments);
  if (size > kLineMax - 2) size = kLineMax - 2;
  line[size] = '\n';
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0) {
    // Where it can't be written there is nobody to tell.
    [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line, static_cast<std::size_t>(size) + 1);
  }
  errno = errno_before;
}

}  // namespace

void say(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_line(format, arguments);
  va_end(arguments);
}

void Chatter::say(const char* format, ...) {
  const std::int64_t now = now_ms();
  if (written_ == 0 || now - began_ms_ >= kIntervalMs) {
    if (suppressed_ != 0) keeper::say("%llu more such lines", static_cast<unsigned long long>(suppressed_));
    began_ms_ = now;
    written_ = 0;
    suppressed_ = 0;
  }
  if (written_ == kLinesInInterval) {
    ++suppressed_;
    return;
  }
  ++written_;
  va_list arguments;
  va_start(arguments, format);
  write_line(format, arguments);
  va_end(arguments);
}

std::int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace ringpost::keeper
