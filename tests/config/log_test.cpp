#include "daemon/config/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace ringpost::daemon {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::Pair;

class ManualClock {
 public:
  LogLimiter::Clock reader() {
    return [this] { return now_; };
  }
  void advance(milliseconds duration) { now_ += duration; }

 private:
  std::chrono::steady_clock::time_point now_{};
};

TEST(LogLimiter, LetsTheFirstLinesThroughAndCountsTheOthers) {
  ManualClock clock;
  LogLimiter limiter(2, milliseconds(1'000), clock.reader());
  EXPECT_TRUE(limiter.admit("a").write);
  EXPECT_TRUE(limiter.admit("a").write);
  EXPECT_FALSE(limiter.admit("a").write);
  EXPECT_FALSE(limiter.admit("a").write);
  clock.advance(milliseconds(999));
  EXPECT_FALSE(limiter.admit("a").write);
  clock.advance(milliseconds(1));
  const LogLimiter::Decision later = limiter.admit("a");
  EXPECT_TRUE(later.write);
  EXPECT_EQ(later.suppressed, 3U);
  EXPECT_EQ(limiter.admit("a").suppressed, 0U) << "told once";
}

TEST(LogLimiter, KeepsKeysApart) {
  ManualClock clock;
  LogLimiter limiter(1, milliseconds(1'000), clock.reader());
  EXPECT_TRUE(limiter.admit("a").write);
  EXPECT_FALSE(limiter.admit("a").write);
  EXPECT_TRUE(limiter.admit("b").write);
}

TEST(LogLimiter, TellsOfKeysThatFellQuiet) {
  ManualClock clock;
  LogLimiter limiter(1, milliseconds(1'000), clock.reader());
  for (int i = 0; i < 4; ++i) {
    (void)limiter.admit("a");
  }
  (void)limiter.admit("b");
  EXPECT_THAT(limiter.take_suppressed(), IsEmpty()) << "the interval is not over";
  clock.advance(milliseconds(1'000));
  EXPECT_THAT(limiter.take_suppressed(), ElementsAre(Pair("a", 3U)));
  EXPECT_THAT(limiter.take_suppressed(), IsEmpty()) << "told once";
}

TEST(LogLimiter, TellsAllAtTheEnd) {
  LogLimiter limiter(1, milliseconds(3'600'000));
  (void)limiter.admit("a");
  (void)limiter.admit("a");
  EXPECT_THAT(limiter.take_suppressed(true), ElementsAre(Pair("a", 1U)));
}

TEST(LogLimiter, HoldsABoundedNumberOfKeys) {
  ManualClock clock;
  LogLimiter limiter(1, milliseconds(1'000), clock.reader());
  std::size_t written = 0;
  for (std::size_t i = 0; i < LogLimiter::kKeysMax + 100; ++i) {
    written += limiter.admit("client " + std::to_string(i)).write ? 1 : 0;
  }
  EXPECT_EQ(written, LogLimiter::kKeysMax + 1) << "all keys over the limit share one line";
  clock.advance(milliseconds(1'000));
  EXPECT_TRUE(limiter.admit("a new key").write) << "quiet keys make room";
  EXPECT_THAT(limiter.take_suppressed(), ElementsAre(Pair("(other lines)", 99U)));
}

TEST(LogLimiter, CountsEveryLineOfManyThreads) {
  LogLimiter limiter(10, milliseconds(3'600'000));
  std::atomic<std::uint64_t> written{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) {
        if (limiter.admit("a").write) {
          written.fetch_add(1, std::memory_order_relaxed);  // read after the join below
        }
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(written.load(), 10U);
  EXPECT_THAT(limiter.take_suppressed(true), ElementsAre(Pair("a", 3'990U)));
}

TEST(Logging, WritesLinesInUtcToStandardErrorAndNothingBelowItsLevel) {
  testing::internal::CaptureStderr();
  {
    const Logging logging(LogTarget::kStderr, LogLevel::kWarning);
    spdlog::info("not this one");
    spdlog::warn("the lane of client {} is malformed", 7);
    Logging::set_level(LogLevel::kInfo);
    spdlog::info("this one");
  }
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, MatchesRegex(
                         "[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z warning the lane of client 7 is malformed\n.*\n"));
  EXPECT_THAT(lines, EndsWith("Z info this one\n"));
  EXPECT_THAT(lines, Not(HasSubstr("not this one")));
}

TEST(Logging, RepeatedLinesAreCountedAtTheEndAtTheLatest) {
  testing::internal::CaptureStderr();
  {
    const Logging logging(LogTarget::kStderr, LogLevel::kInfo);
    for (int i = 0; i < 12; ++i) {
      log_limited(spdlog::level::warn, "frame-malformed/uid 1001", {}, "frame {} refused", i);
    }
  }
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, HasSubstr("frame 4 refused\n"));
  EXPECT_THAT(lines, Not(HasSubstr("frame 5 refused")));
  EXPECT_THAT(lines, EndsWith("frame-malformed/uid 1001: 7 more lines like this, not shown\n"));
}

TEST(Logging, LinesAfterItsEndStillArrive) {
  testing::internal::CaptureStderr();
  { const Logging logging(LogTarget::kStderr, LogLevel::kInfo); }
  spdlog::warn("late");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), EndsWith("late\n"));
}

TEST(Logging, KnowsTheJournalByItsStream) {
  struct stat status {};
  ASSERT_EQ(fstat(STDERR_FILENO, &status), 0);
  const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  setenv("JOURNAL_STREAM", stream.c_str(), 1);
  EXPECT_TRUE(stderr_is_journal());
  setenv("JOURNAL_STREAM", (stream + "1").c_str(), 1);
  EXPECT_FALSE(stderr_is_journal());
  unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(stderr_is_journal());
}

}  // namespace
}  // namespace ringpost::daemon
