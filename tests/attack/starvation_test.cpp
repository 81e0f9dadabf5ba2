// Lanes that do their worst to the others of their instance: always full, all of one stamp, all of old stamps, all of
// stamps that are still to come, stopped in the middle of a publish. Every other lane's events keep flowing, in order,
// while they go on.
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>

#include "ipc/clock.hpp"
#include "tests/attack/account.hpp"
#include "tests/attack/amount.hpp"
#include "tests/attack/liar.hpp"
#include "tests/attack/shared_file.hpp"
#include "tests/attack/tail.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

constexpr std::size_t kHonest = 3;

// Fills its lane whenever there is room, until it is told to end.
class Flood {
 public:
  Flood(const std::string& socket, std::function<std::int64_t()> stamp_ns)
      : liar_(socket), stamp_ns_(std::move(stamp_ns)), thread_([this] { run(); }) {}
  // Waits for its end; how many it has written.
  std::uint64_t end() {
    over_ = true;
    thread_.join();
    return liar_.written();
  }
  std::uint64_t written() const { return written_; }

 private:
  void run() {
    while (!over_) {
      // Not JSON: the daemon is done with it when it has looked, and all the sooner looks at the next.
      while (liar_.write("noise", "?", stamp_ns_())) ++written_;
      liar_.show();
      std::this_thread::yield();
    }
  }

  Liar liar_;
  std::function<std::int64_t()> stamp_ns_;
  std::atomic<bool> over_{false};
  std::atomic<std::uint64_t> written_{0};
  std::thread thread_;
};

bool is_stopped(const Process& process) {
  std::ifstream file("/proc/" + std::to_string(process.pid()) + "/stat");
  std::string text;
  std::getline(file, text);
  return text.find(") T") != std::string::npos;
}

class Starvation : public testing::Test {
 protected:
  Starvation() { daemon_.wait_until_connected("kafkaid"); }

  void publish_all(std::size_t name) {
    Publisher publisher(daemon_.socket());
    const std::string key = std::to_string(name);
    for (std::uint32_t number = 0; number < events_; ++number) {
      // Not too far ahead of what has arrived, so that it goes on for as long as the others do.
      wait_until([&] { return number < arrived_.at(name) + 500; });
      const Event event{
          "kafkaid", "orders", "{\"n\":" + std::to_string(number) + ",\"by\":" + key + "}", key, {}};
      for (;;) {
        const int code = publisher.publish(event);
        if (code == 0) break;
        ++refused_;
        ASSERT_EQ(code, RINGPOST_BUFFER_FULL) << ringpost_last_error_message();
        std::this_thread::yield();
      }
    }
  }

  void expect_all_in_order(Tail& tail) {
    for (std::uint64_t count = 0; count < kHonest * events_; ++count) {
      const std::string message = tail.next();
      ASSERT_FALSE(message.empty()) << count << " have arrived; " << daemon_.log();
      const auto by = boost::json::parse(message).at("by").to_number<std::size_t>();
      ASSERT_EQ(number_in(message), arrived_.at(by)) << "of publisher " << by;
      ++arrived_.at(by);
    }
  }

  const std::uint32_t events_ = amount(4'000);
  Daemon daemon_{
      "[instance.kafkaid]\nbrokers = \"embedded\"\npartitions = 1\ntopics = [\"orders\", \"noise\"]\n"
      "lane_size = \"64KiB\"\nmax_event_size = \"16KiB\"\n"};
  std::array<std::atomic<std::uint32_t>, kHonest> arrived_{};
  std::atomic<std::uint64_t> refused_{0};
};

TEST_F(Starvation, NoLaneHoldsUpAnother) {
  const std::int64_t start_ns = ipc::monotonic_ns();
  const std::array<std::function<std::int64_t()>, 5> stamps{
      [] { return ipc::monotonic_ns(); },                         // honest, and a flood
      [start_ns] { return start_ns; },                            // all equal
      [] { return std::int64_t{0}; },                             // before everybody else's
      [] { return std::numeric_limits<std::int64_t>::max(); },    // beyond the second reading of the clock
      [] { return ipc::monotonic_ns() + std::int64_t{500'000}; }  // just beyond the cut
  };
  const std::string& socket = daemon_.socket();

  TemporaryDirectory directory;
  const SharedFile<Accounts> accounts(directory.file("accounts"));
  Process stopped({program("accountable_publisher"), socket, directory.file("accounts"), "noise", "stopped",
                   "1", "10", "0", "stop-inside"});
  ASSERT_TRUE(wait_until([&] { return is_stopped(stopped); })) << stopped.errors();
  std::vector<std::unique_ptr<Flood>> floods;
  floods.reserve(stamps.size());
  for (const auto& stamp_ns : stamps) floods.push_back(std::make_unique<Flood>(socket, stamp_ns));

  Tail tail(socket, "orders");
  std::vector<std::thread> honest;
  for (std::size_t name = 0; name < kHonest; ++name) honest.emplace_back([this, name] { publish_all(name); });
  expect_all_in_order(tail);
  for (std::thread& thread : honest) thread.join();

  std::uint64_t lies = 0;
  for (const auto& flood : floods) {
    const std::uint64_t before = flood->written();
    EXPECT_TRUE(wait_until([&] { return flood->written() > before; })) << "it was not going on any more";
    lies += flood->end();
  }
  stopped.signal(SIGCONT);
  EXPECT_EQ(stopped.wait(), 0) << stopped.errors();

  const std::uint64_t delivered = kHonest * events_ + 10;
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").accepted == delivered + lies; }));
  daemon_.wait_until_delivered("kafkaid", delivered);
  EXPECT_EQ(daemon_.status("kafkaid").dead_letters, lies);
  EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
}

}  // namespace
}  // namespace ringpost::tests
