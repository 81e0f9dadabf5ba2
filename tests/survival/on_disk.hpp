// What the tests of the disk have in common: a small buffer, so that an outage of seconds is longer than it; events of many
// keys, each key's in order; and a look at what is in state_dir.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "tests/support/publisher.hpp"
#include "tests/survival/follower.hpp"
#include "tests/survival/survival.hpp"

namespace ringpost::tests {

inline constexpr std::uint64_t kKeys = 16;
// Each after 5 ms: twice the first pause of a disk in trouble.
inline constexpr std::uint64_t kRefusalsInARow = 200;

class OnDisk : public testing::Test {
 protected:
  explicit OnDisk(bool with_keeper = true, const std::string& more = "")
      : daemon_(instance(more), daemon_keys(),
                with_keeper ? keeper_.environment() : std::map<std::string, std::string>{}) {
    daemon_.wait_until_connected("kafkaid");
    publisher_ = std::make_unique<Publisher>(daemon_.socket());
    follower_ = std::make_unique<Follower>(daemon_.socket(), "orders", "kafkaid",
                                           [this](const std::string& message) { return look(message); });
  }

  virtual std::string audit() const { return daemon_.audit(); }

  static std::string daemon_keys() { return "stop_timeout = \"500ms\"\nsync_interval = \"20ms\"\n"; }

  std::string instance(const std::string& more = "",
                       const std::string& topics = R"("orders", "others")") const {
    return "[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [" + topics +
           "]\nbuffer_size = \"8MiB\"\nlane_size = \"128KiB\"\nmax_event_size = \"16KiB\"\n" + more;
  }

  static std::string message_of(std::uint64_t number) {
    return "[" + std::to_string(number) + ",\"" + std::string(300, 'x') + "\"]";
  }

  // Number n has key n % kKeys.
  void publish(std::uint64_t count, const std::string& topic = "orders") {
    for (std::uint64_t end = published_ + count; published_ < end; ++published_) {
      const std::string key = std::to_string(published_ % kKeys);
      ASSERT_EQ(publisher_->publish_patiently({"kafkaid", topic, message_of(published_), key, {}}), 0)
          << ringpost_last_error_message() << daemon_.log();
    }
  }

  // The first occurrence of each number, each key's in order and without a gap; with a gap where `gaps_` says so.
  std::string look(const std::string& message) {
    const std::uint64_t number = std::stoull(message.substr(1));
    std::uint64_t& next = next_[number % kKeys];
    if (gaps_ ? number < next : number != next)
      return std::to_string(number) + " came, and it was the turn of " + std::to_string(next);
    next = number + kKeys;
    return {};
  }

  // Until it has been refused often in a row: memory is full, and stays so.
  void publish_until_full() {
    std::uint64_t refused = 0;
    EXPECT_TRUE(wait_until([&] {
      for (int tries = 0; tries < 200; ++tries) {
        const std::string key = std::to_string(published_ % kKeys);
        const int code = publisher_->publish({"kafkaid", "orders", message_of(published_), key, {}});
        EXPECT_TRUE(code == 0 || code == RINGPOST_BUFFER_FULL) << code << ringpost_last_error_message();
        if (code == RINGPOST_BUFFER_FULL) return ++refused == kRefusalsInARow;
        ++published_;
        refused = 0;
      }
      return false;
    }));
  }

  bool has_problem() const { return !daemon_.status("kafkaid").disk_problem.empty(); }
  void wait_until_well() {
    EXPECT_TRUE(wait_until([&] { return !has_problem(); })) << daemon_.log();
  }

  void wait_until_on_disk(std::uint64_t events) {
    EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").waiting_on_disk >= events; }))
        << daemon_.status("kafkaid").waiting_on_disk << daemon_.log();
    EXPECT_EQ(audit(), "");
  }

  void expect_all_arrived(std::uint64_t events) {
    EXPECT_TRUE(wait_until([&] { return follower_->arrived() >= events || !follower_->problem().empty(); }))
        << follower_->arrived() << " of " << events << daemon_.log();
    EXPECT_EQ(follower_->problem(), "");
    EXPECT_EQ(follower_->arrived(), events);
    EXPECT_EQ(audit(), "");
  }

  // Files of what has been delivered go by themselves.
  void expect_no_spool_files() {
    EXPECT_TRUE(wait_until([&] { return spool_files().empty(); })) << list_of(spool_files());
  }
  // Without the copies of writes that a kill has cut short: these stay for an administrator to look at.
  std::vector<std::string> spool_files() const {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto& file : std::filesystem::directory_iterator(daemon_.state_dir() + "/kafkaid", none)) {
      const std::string name = file.path().filename().string();
      if (name.starts_with("spool-") && name.find(".damaged-") == std::string::npos) names.push_back(name);
    }
    return names;
  }

  MockCluster kafka_{{"orders", "others"}, 16};
  Keeper keeper_;
  Daemon daemon_;
  std::unique_ptr<Publisher> publisher_;
  std::uint64_t published_ = 0;
  std::atomic<bool> gaps_{false};
  std::array<std::uint64_t, kKeys> next_ = [] {
    std::array<std::uint64_t, kKeys> first{};
    for (std::uint64_t key = 0; key < kKeys; ++key) first[key] = key;
    return first;
  }();
  std::unique_ptr<Follower> follower_;
};

}  // namespace ringpost::tests
