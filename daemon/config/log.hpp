// Where the daemon's lines go. Lines are written by log_line(), by log_limited() where a peer can cause them, and by spdlog itself
// (`spdlog::warn("...")`) where they are about nothing that has a field; from any thread, once a Logging exists. They never hold
// payloads, keys or headers: what a line says of an event is its instance, topic and sizes.
//
// Writing a line never waits: lines pass through a bounded queue to a thread of their own, which alone meets
// a stopped terminal or a slow journal. When the queue is full the oldest lines go.
#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/config/log_fields.hpp"

namespace ringpost::daemon {

inline constexpr std::size_t kLogQueueLines = 4096;

// Whether this process's stderr is the journal's stream, as JOURNAL_STREAM (systemd.exec(5)) says it is.
bool stderr_is_journal();

// Sets spdlog's default logger for as long as it lives. Create it once, before other threads log and after
// any fork.
class Logging {
 public:
  // kAuto: the journal when stderr is the journal's, else stderr. kJournald where no journal runs: stderr,
  // and a line that says so. On stderr a line is "2026-11-22T23:28:43.123Z warning TEXT", in UTC.
  Logging(LogTarget target, LogLevel level);
  ~Logging();  // writes what is queued or suppressed; later lines go straight to stderr
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;

  static void set_level(LogLevel level);  // from any thread
};

// Lets the first lines of each key in an interval through and counts the others. Thread-safe. The clock is a
// parameter so that a test need not wait.
class LogLimiter {
 public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  explicit LogLimiter(std::uint32_t lines_max = 5,
                      std::chrono::milliseconds interval = std::chrono::seconds(10),
                      Clock clock = std::chrono::steady_clock::now);

  struct Decision {
    bool write = false;
    std::uint64_t suppressed = 0;  // of the same key since its last line that was written
  };
  // Whether a line of this key may be written now. Keys beyond kKeysMax share one budget.
  Decision admit(std::string_view key);

  // The keys that suppressed lines since their last written one, and how many; forgets them. Without `all`,
  // only keys whose interval is over.
  std::vector<std::pair<std::string, std::uint64_t>> take_suppressed(bool all = false);

  static constexpr std::size_t kKeysMax = 1024;

 private:
  struct Budget {
    std::chrono::steady_clock::time_point began;
    std::uint32_t written = 0;
    std::uint64_t suppressed = 0;
  };
  Budget& budget_of(std::string_view key, std::chrono::steady_clock::time_point now);

  const std::uint32_t lines_max_;
  const std::chrono::milliseconds interval_;
  const Clock clock_;
  std::mutex mutex_;
  std::map<std::string, Budget, std::less<>> budgets_;
};

// The limiter that log_limited() uses.
LogLimiter& log_limiter();

// The fields go where there are fields: to the journal.
void write_line(spdlog::level::level_enum level, const LogFields& fields, std::string_view text);

template <typename... Args>
void log_line(spdlog::level::level_enum level, const LogFields& fields, fmt::format_string<Args...> format,
              Args&&... args) {
  if (spdlog::should_log(level)) write_line(level, fields, fmt::format(format, std::forward<Args>(args)...));
}

// Writes the line, unless its key has used up its lines of the interval. The key names the call site and the
// party, for example "lane-malformed/uid 1001". A line that follows suppressed ones says how many there were.
template <typename... Args>
void log_limited(spdlog::level::level_enum level, std::string_view key, const LogFields& fields,
                 fmt::format_string<Args...> format, Args&&... args) {
  const LogLimiter::Decision decision = log_limiter().admit(key);
  if (!decision.write) {
    return;
  }
  std::string line = fmt::format(format, std::forward<Args>(args)...);
  if (decision.suppressed != 0) {
    line += fmt::format(" (and {} more like this, not shown)", decision.suppressed);
  }
  write_line(level, fields, line);
}

// Writes one line for each key that suppressed lines and whose interval is over: call it now and then.
// ~Logging() writes the rest.
void log_suppressed(bool all = false);

}  // namespace ringpost::daemon
