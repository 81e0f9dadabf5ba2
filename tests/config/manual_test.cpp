// ringpost.toml(5) states each key's default and range: the same as limits.hpp.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "daemon/config/config.hpp"
#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

using testing::HasSubstr;

class Manual : public testing::Test {
 protected:
  Manual() {
    std::ifstream file(RINGPOST_MANUAL);
    page_.assign(std::istreambuf_iterator<char>(file), {});
  }

  // The paragraph under the key's name.
  std::string entry(std::string_view key) const {
    const std::string head = fmt::format("\n.TP\n.B {}\n", key);
    const std::size_t begin = page_.find(head);
    return begin == std::string::npos
               ? ""
               : page_.substr(begin + head.size(), page_.find("\n.TP", begin + 1) - begin);
  }

  template <typename T, typename Format>
  void expect_stated(std::string_view key, T value, T min, T max, Format format_value) const {
    EXPECT_THAT(entry(key), HasSubstr(fmt::format("Default: {}. Range: {} to {}", format_value(value),
                                                  format_value(min), format_value(max))))
        << key;
  }

  std::string page_;
};

TEST_F(Manual, NamesEveryKeyThatIsKnown) {
  // An unknown key far from all others makes the reader list those it knows.
  const LoadResult daemon =
      parse("[daemon]\nqqqqqqqqqqqq = 1\n[instance.a]\nbrokers = \"embedded\"\ntopics = [\"*\"]\n");
  const LoadResult instance =
      parse("[instance.a]\nbrokers = \"embedded\"\ntopics = [\"*\"]\nqqqqqqqqqqqq = 1\n");
  for (const LoadResult* result : {&daemon, &instance}) {
    ASSERT_EQ(result->problems.size(), 1U);
    const std::string& text = result->problems[0].text;
    const std::string_view marker = "known here: ";
    std::size_t begin = text.find(marker) + marker.size();
    std::size_t keys = 0;
    while (begin < text.size()) {
      const std::size_t end = std::min(text.find(", ", begin), text.size());
      EXPECT_NE(entry(std::string_view(text).substr(begin, end - begin)), "")
          << text.substr(begin, end - begin);
      begin = end + 2;
      ++keys;
    }
    EXPECT_GE(keys, 7U);
  }
}

TEST_F(Manual, StatesDurations) {
  using std::chrono::milliseconds;
  const auto text = [](milliseconds duration) { return format_duration(duration); };
  expect_stated("stop_timeout", kStopTimeoutDefault, milliseconds(0), kStopTimeoutMax, text);
  expect_stated("daemon_grace", kDaemonGraceDefault, kDaemonGraceMin, kDaemonGraceMax, text);
  expect_stated("send_timeout", milliseconds(0), kSendTimeoutMin, kSendTimeoutMax, text);
  expect_stated("linger", kLingerDefault, milliseconds(0), kLingerMax, text);
  expect_stated("sync_interval", kSyncIntervalDefault, kSyncIntervalMin, kSyncIntervalMax, text);
  expect_stated("age", kDeadLettersAgeDefault, kDeadLettersAgeMin, kDeadLettersAgeMax, text);
  expect_stated("reject_after", kRejectAfterDefault, milliseconds(0), kRejectAfterMax, text);
}

TEST_F(Manual, StatesSizes) {
  expect_stated("buffer_size", kBufferSizeDefaultBytes, kBufferSizeMinBytes, kBufferSizeMaxBytes,
                format_size);
  expect_stated("lane_size", kLaneSizeDefaultBytes, kLaneSizeMinBytes, kLaneSizeMaxBytes, format_size);
  expect_stated("spool", kSpoolDefaultBytes, kSpoolMinBytes, kSpoolMaxBytes, format_size);
  expect_stated("size", kDeadLettersSizeDefaultBytes, kDeadLettersSizeMinBytes, kDeadLettersSizeMaxBytes,
                format_size);
  expect_stated("lane_memory_max", kLaneMemoryDefaultBytes, kLaneMemoryMinBytes, kLaneMemoryMaxBytes,
                format_size);
  expect_stated("lane_memory_per_user_max", kLaneMemoryPerUserDefaultBytes, kLaneMemoryMinBytes,
                kLaneMemoryMaxBytes, format_size);
  expect_stated("max_event_size", kEventSizeDefaultBytes, kEventSizeMinBytes, kEventSizeMaxBytes,
                format_size);
}

TEST_F(Manual, StatesNumbers) {
  const auto text = [](std::uint32_t number) { return fmt::format("{}", number); };
  expect_stated("clients_max", kClientsDefault, 1U, kClientsMax, text);
  expect_stated("clients_per_user_max", kClientsPerUserDefault, 1U, kClientsMax, text);
  expect_stated("lanes_per_client_max", kLanesPerClientDefault, 1U, kLanesPerClientMax, text);
  expect_stated("unknown_topics_per_client_max", kUnknownTopicsPerClientDefault, 1U, kUnknownTopicsMax, text);
  expect_stated("unknown_topics_per_user_max", kUnknownTopicsPerUserDefault, 1U, kUnknownTopicsMax, text);
  expect_stated("partitions", std::uint32_t{kEmbeddedPartitionsDefault}, 1U,
                std::uint32_t{kEmbeddedPartitionsMax}, text);
}

TEST_F(Manual, StatesTheFolder) {
  EXPECT_THAT(entry("state_dir"), HasSubstr(fmt::format("at most {} bytes", kStateDirMaxBytes)));
  EXPECT_THAT(entry("state_dir"), HasSubstr(fmt::format("Default: {}.", kStateDirDefault)));
}

}  // namespace
}  // namespace ringpost::daemon
