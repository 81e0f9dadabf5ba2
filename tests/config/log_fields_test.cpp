// What goes to the journal beside a line's text, through the queue and the sink that ringpostd has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/async.h>

#include <memory>
#include <string>
#include <vector>

#include "daemon/config/journal_sink.hpp"
#include "daemon/config/log.hpp"

namespace ringpost::daemon {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

using Line = std::vector<std::string>;  // its fields, as sd_journal_sendv(3) gets them

// What the journal is sent while `write` writes.
template <typename Write>
std::vector<Line> sent_to_journal(Write write) {
  std::vector<Line> lines;
  const auto before = spdlog::default_logger();
  auto sink = std::make_shared<JournalSink>("ringpostd", [&lines](const iovec* fields, int count) {
    Line& line = lines.emplace_back();
    for (int at = 0; at < count; ++at)
      line.emplace_back(static_cast<const char*>(fields[at].iov_base), fields[at].iov_len);
    return 0;
  });
  spdlog::init_thread_pool(64, 1);
  spdlog::set_default_logger(std::make_shared<spdlog::async_logger>("ringpostd", sink, spdlog::thread_pool(),
                                                                    spdlog::async_overflow_policy::block));
  write();
  spdlog::shutdown();  // waits for the queue's thread
  spdlog::set_default_logger(before);
  return lines;
}

TEST(LogFields, TravelBesideTheText) {
  const auto lines = sent_to_journal([] {
    const std::string topic = "orders";
    log_line(spdlog::level::warn,
             {.instance = "kafkaid", .topic = topic, .client_pid = 4711, .error_code = "TOPIC_EXCEPTION"},
             "instance {}: not taken", "kafkaid");
  });
  EXPECT_THAT(lines,
              ElementsAre(ElementsAre("MESSAGE=instance kafkaid: not taken", "PRIORITY=4",
                                      "SYSLOG_IDENTIFIER=ringpostd", "INSTANCE=kafkaid", "TOPIC=orders",
                                      "CLIENT_PID=4711", "ERROR_CODE=TOPIC_EXCEPTION")));
}

TEST(LogFields, AreLeftOutWhereALineIsAboutNone) {
  const auto lines = sent_to_journal([] {
    spdlog::error("no field");
    log_line(spdlog::level::info, {}, "nor here");
    log_line(spdlog::level::critical, {.client_pid = 1}, "one");
    log_line(spdlog::level::debug, {.instance = "kafkaid"}, "below the level");
  });
  EXPECT_THAT(lines, ElementsAre(ElementsAre("MESSAGE=no field", "PRIORITY=3", "SYSLOG_IDENTIFIER=ringpostd"),
                                 ElementsAre("MESSAGE=nor here", "PRIORITY=6", "SYSLOG_IDENTIFIER=ringpostd"),
                                 ElementsAre("MESSAGE=one", "PRIORITY=2", "SYSLOG_IDENTIFIER=ringpostd",
                                             "CLIENT_PID=1")));
}

TEST(LogFields, NothingThatAPeerSaysCanPassForOne) {
  const std::string said = "no\nINSTANCE=other\nPRIORITY=0";
  const auto lines = sent_to_journal([&] {
    spdlog::warn("{}", said);
    log_line(spdlog::level::warn, {.instance = "kafkaid"}, "{}", said);
    log_line(spdlog::level::warn, {.topic = said, .error_code = "x\xff"}, "short");
  });
  EXPECT_THAT(lines, ElementsAre(ElementsAre("MESSAGE=" + said, "PRIORITY=4", "SYSLOG_IDENTIFIER=ringpostd"),
                                 ElementsAre("MESSAGE=" + said, "PRIORITY=4", "SYSLOG_IDENTIFIER=ringpostd",
                                             "INSTANCE=kafkaid"),
                                 ElementsAre("MESSAGE=short", "PRIORITY=4", "SYSLOG_IDENTIFIER=ringpostd",
                                             "TOPIC=no?INSTANCE=other?PRIORITY=0", "ERROR_CODE=x?")));
}

TEST(LogFields, DoNotGrow) {
  const auto lines =
      sent_to_journal([] { log_line(spdlog::level::warn, {.topic = std::string(100'000, 't')}, "long"); });
  EXPECT_THAT(lines, ElementsAre(ElementsAre("MESSAGE=long", "PRIORITY=4", "SYSLOG_IDENTIFIER=ringpostd",
                                             "TOPIC=" + std::string(kLogFieldMaxBytes, 't'))));
}

TEST(LogFields, AreWithLimitedLinesToo) {
  const auto lines = sent_to_journal([] {
    for (int line = 0; line < 7; ++line)
      log_limited(spdlog::level::warn, "journal/kafkaid", {.instance = "kafkaid"}, "line {}", line);
  });
  ASSERT_EQ(lines.size(), 5U);
  for (const Line& line : lines) EXPECT_THAT(line, Contains("INSTANCE=kafkaid"));
  EXPECT_THAT(log_limiter().take_suppressed(true), ElementsAre(Pair("journal/kafkaid", 2U)));
}

TEST(LogFields, AreNotOnStandardError) {
  testing::internal::CaptureStderr();
  {
    const Logging logging(LogTarget::kStderr, LogLevel::kInfo);
    log_line(spdlog::level::warn, {.instance = "kafkaid", .topic = "orders"}, "the text {}", 1);
    log_limited(spdlog::level::warn, "on stderr", {.client_pid = 4711}, "another");
  }
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, HasSubstr("Z warning the text 1\n"));
  EXPECT_THAT(lines, HasSubstr("Z warning another\n"));
  EXPECT_THAT(lines, Not(HasSubstr("4711")));
  EXPECT_THAT(lines, Not(HasSubstr("orders")));
}

}  // namespace
}  // namespace ringpost::daemon
