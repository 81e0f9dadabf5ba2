// The broker is away, and the daemon is stopped, killed and started meanwhile.
#include <gmock/gmock.h>

#include <memory>
#include <thread>

#include "tests/support/publisher.hpp"
#include "tests/survival/follower.hpp"
#include "tests/survival/survival.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

class Outage : public Survival {
 protected:
  void publish(std::uint64_t count) {
    for (std::uint64_t end = published_ + count; published_ < end; ++published_) {
      ASSERT_EQ(publisher_->publish_patiently({"kafkaid", "orders", std::to_string(published_), "key", {}}),
                0)
          << ringpost_last_error_message();
    }
  }

  std::string look(const std::string& message) {
    if (message != std::to_string(next_)) return message + " came for " + std::to_string(next_);
    ++next_;
    return {};
  }

  std::unique_ptr<Publisher> publisher_ = std::make_unique<Publisher>(daemon_.socket());
  std::uint64_t published_ = 0;
  std::uint64_t next_ = 0;
  Follower follower_{daemon_.socket(), "orders", "kafkaid",
                     [this](const std::string& message) { return look(message); }};
};

TEST_F(Outage, AStopEndsAtOnceAndTheNextDaemonDelivers) {
  daemon_.stop();
  daemon_.configure(instance("kafkaid", kafka_.brokers()), "stop_timeout = \"5min\"");
  daemon_.start();
  publish(500);
  daemon_.wait_until_delivered("kafkaid", 500);
  kafka_.pause();
  publish(500);
  ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").accepted == 1'000; }));
  // Long before stop_timeout: what waits is safe with the keeper.
  EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
  EXPECT_THAT(
      daemon_.log(),
      HasSubstr(
          "500 of 1000 accepted events wait with the keeper for the next ringpostd, 500 of them on disk"));
  publish(500);  // into the lanes
  daemon_.start();
  publish(500);  // there was a connection once: a restart in an outage refuses nothing
  EXPECT_EQ(daemon_.status("kafkaid").refused.count("NOT_CONNECTED"), 0U);
  kafka_.resume();
  daemon_.wait_until_delivered("kafkaid", 2'000);
  EXPECT_TRUE(wait_until([&] { return follower_.arrived() == 2'000; })) << follower_.problem();
  EXPECT_EQ(follower_.problem(), "");
}

TEST_F(Outage, TwiceRestartedWithoutABrokerItStillAccepts) {
  publish(100);
  daemon_.wait_until_delivered("kafkaid", 100);
  kafka_.pause();
  for (int deaths = 0; deaths < 2; ++deaths) {
    daemon_.kill();
    daemon_.start();
    publish(100);
  }
  kafka_.resume();
  daemon_.wait_until_delivered("kafkaid", 300);
  EXPECT_EQ(daemon_.status("kafkaid").refused.count("NOT_CONNECTED"), 0U);
}

// More than the buffer holds, at a pace; the daemon dies in the middle of it. What is refused is refused with BUFFER_FULL.
TEST_F(Outage, LongerThanTheBuffer) {
  publisher_.reset();  // with lanes of the usual size
  ASSERT_TRUE(wait_until([&] { return daemon_.status("kafkaid").clients == 0; }));
  daemon_.stop();
  daemon_.configure(
      instance("kafkaid", kafka_.brokers(), R"("orders")",
               "buffer_size = \"2MiB\"\nspool = \"0\"\nlane_size = \"128KiB\"\nmax_event_size = \"16KiB\""));
  daemon_.start();
  daemon_.wait_until_connected("kafkaid");
  publisher_ = std::make_unique<Publisher>(daemon_.socket());
  publish(100);
  daemon_.wait_until_delivered("kafkaid", 100);
  const std::uint32_t seconds = std::max(amount(4), 2U);  // one may find room
  constexpr std::uint32_t kEachMillisecond = 15;
  std::uint64_t refused = 0;
  kafka_.pause();
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint32_t millisecond = 0; millisecond < seconds * 1'000; ++millisecond) {
    for (std::uint32_t event = 0; event < kEachMillisecond; ++event) {
      const int code = publisher_->publish({"kafkaid", "orders", std::to_string(published_), "key", {}});
      ASSERT_TRUE(code == 0 || code == RINGPOST_BUFFER_FULL) << code << ringpost_last_error_message();
      code == 0 ? ++published_ : ++refused;
    }
    if (millisecond == seconds * 500) {
      daemon_.kill();
      daemon_.start();
    }
    std::this_thread::sleep_until(begin + std::chrono::milliseconds(millisecond));  // the pace is the attack
  }
  kafka_.resume();
  daemon_.wait_until_delivered("kafkaid", published_);
  EXPECT_TRUE(wait_until([&] { return follower_.arrived() == published_; })) << follower_.problem();
  EXPECT_EQ(follower_.problem(), "");
  EXPECT_EQ(daemon_.status("kafkaid").dead_letters, 0U);
  EXPECT_GT(refused, 0U);
  std::cout << published_ << " accepted, " << refused << " refused" << std::endl;
}

}  // namespace
}  // namespace ringpost::tests
