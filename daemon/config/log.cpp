#include "daemon/config/log.hpp"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "daemon/config/journal_sink.hpp"

namespace ringpost::daemon {
namespace {

constexpr const char* kIdentity = "ringpostd";
constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

bool journal_runs() {
  struct stat status {};
  return stat(kJournalSocket, &status) == 0 && S_ISSOCK(status.st_mode);
}

spdlog::sink_ptr stderr_sink() {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  sink->set_formatter(std::make_unique<spdlog::pattern_formatter>("%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                                                                  spdlog::pattern_time_type::utc));
  return sink;
}

}  // namespace

bool stderr_is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || fstat(STDERR_FILENO, &status) != 0) {
    return false;
  }
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

Logging::Logging(LogTarget target, LogLevel level) {
  const bool wanted = target == LogTarget::kJournald || (target == LogTarget::kAuto && stderr_is_journal());
  const bool journal = wanted && journal_runs();
  spdlog::init_thread_pool(kLogQueueLines, 1);
  spdlog::sink_ptr sink = journal ? std::make_shared<JournalSink>(kIdentity) : stderr_sink();
  auto logger = std::make_shared<spdlog::async_logger>(kIdentity, std::move(sink), spdlog::thread_pool(),
                                                       spdlog::async_overflow_policy::overrun_oldest);
  logger->set_level(spdlog_level(level));
  logger->flush_on(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
  if (wanted && !journal) {
    spdlog::warn("there is no journal at {}: logging to stderr", kJournalSocket);
  }
}

Logging::~Logging() {
  log_suppressed(true);
  spdlog::shutdown();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(kIdentity, stderr_sink()));
}

void Logging::set_level(LogLevel level) { spdlog::set_level(spdlog_level(level)); }

LogLimiter::LogLimiter(std::uint32_t lines_max, std::chrono::milliseconds interval, Clock clock)
    : lines_max_(lines_max), interval_(interval), clock_(std::move(clock)) {}

LogLimiter::Budget& LogLimiter::budget_of(std::string_view key, std::chrono::steady_clock::time_point now) {
  if (const auto known = budgets_.find(key); known != budgets_.end()) {
    return known->second;
  }
  if (budgets_.size() >= kKeysMax) {  // room comes from keys that have nothing left to tell
    std::erase_if(budgets_, [&](const auto& entry) {
      return entry.second.suppressed == 0 && now - entry.second.began >= interval_;
    });
  }
  const std::string_view chosen = budgets_.size() >= kKeysMax ? std::string_view("(other lines)") : key;
  return budgets_.try_emplace(std::string(chosen), Budget{now, 0, 0}).first->second;
}

LogLimiter::Decision LogLimiter::admit(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_();
  Budget& budget = budget_of(key, now);
  if (now - budget.began >= interval_) {
    budget.began = now;
    budget.written = 0;
  }
  if (budget.written >= lines_max_) {
    ++budget.suppressed;
    return {};
  }
  ++budget.written;
  return {true, std::exchange(budget.suppressed, 0)};
}

std::vector<std::pair<std::string, std::uint64_t>> LogLimiter::take_suppressed(bool all) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_();
  std::vector<std::pair<std::string, std::uint64_t>> taken;
  for (auto& [key, budget] : budgets_) {
    if (budget.suppressed != 0 && (all || now - budget.began >= interval_)) {
      taken.emplace_back(key, std::exchange(budget.suppressed, 0));
    }
  }
  return taken;
}

LogLimiter& log_limiter() {
  static LogLimiter limiter;
  return limiter;
}

void write_line(spdlog::level::level_enum level, const LogFields& fields, std::string_view text) {
  spdlog::logger& logger = *spdlog::default_logger_raw();
  const bool to_journal = std::any_of(logger.sinks().begin(), logger.sinks().end(), [](const auto& sink) {
    return dynamic_cast<const JournalSink*>(sink.get()) != nullptr;
  });
  if (!to_journal) return logger.log(level, text);
  const FieldedLine line = join(text, fields);
  logger.log(line.place, level, line.payload);
}

void log_suppressed(bool all) {
  for (const auto& [key, count] : log_limiter().take_suppressed(all)) {
    spdlog::warn("{}: {} more lines like this, not shown", key, count);
  }
}

}  // namespace ringpost::daemon
