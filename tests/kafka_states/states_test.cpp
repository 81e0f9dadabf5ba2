// An instance's state while brokers of Apache Kafka go and come. How long each took is printed: within 2 s is promised
// (docs/operations.md), and what this machine's other work makes of it decides no test.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>

#include "tests/kafka_states/brokers.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

using std::chrono::steady_clock;
using testing::ContainsRegex;
using testing::HasSubstr;

constexpr int kSecond = 2;  // one broker of three

// A key after the other, to each partition, a hundred a second.
class Traffic {
 public:
  explicit Traffic(const Daemon& daemon) : publisher_(daemon.socket()) {
    thread_ = std::thread([this] {
      for (int number = 0; !stop_; ++number) {
        const int code =
            publisher_.publish({"kafkaid", "orders", "1", "key" + std::to_string(number % 50), {}});
        accepted_ += code == 0 ? 1 : 0;
        refused_ += code == 0 ? 0 : 1;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    });
  }
  ~Traffic() {
    stop_ = true;
    thread_.join();
  }
  Traffic(const Traffic&) = delete;
  Traffic& operator=(const Traffic&) = delete;

  int accepted() const { return accepted_; }
  int refused() const { return refused_; }

 private:
  Publisher publisher_;
  std::atomic<bool> stop_{false};
  std::atomic<int> accepted_{0};
  std::atomic<int> refused_{0};
  std::thread thread_;
};

class States : public testing::Test {
 protected:
  explicit States(const std::string& more = "") : daemon_(brokers_.configuration("\"orders\"") + more) {
    daemon_.wait_until_connected("kafkaid");
  }

  // What is done to which broker (0: each), and the state that this must lead to.
  void expect(const std::string& what, int broker, const std::string& state) {
    brokers_.command(what, broker);
    const auto from = steady_clock::now();
    EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").state == state; }))
        << what << " " << broker << ": " << table() << daemon_.log();
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - from);
    std::cout << what << ' ' << (broker == 0 ? "all" : std::to_string(broker)) << ": " << state << " after "
              << took.count() << " ms\n";
  }

  std::string table() const {
    return run({program("ringpost"), "status", "--socket", daemon_.socket()}).output;
  }

  static const Brokers& with_topic() {
    static const bool created = (Brokers::shared().create_topic("orders", 2 * kBrokers), true);
    static_cast<void>(created);
    return Brokers::shared();
  }

  const Brokers& brokers_ = with_topic();
  Daemon daemon_;
};

TEST_F(States, OneBrokerOfThreeIsMissing) {
  Traffic traffic(daemon_);
  expect("kill", kSecond, "degraded");
  EXPECT_THAT(table(), ContainsRegex("kafkaid: degraded: 127.0.0.1:[0-9]+/2: "));
  EXPECT_THAT(daemon_.log(), HasSubstr("instance kafkaid: degraded, events for these brokers wait: "));
  const int accepted = traffic.accepted();
  EXPECT_TRUE(wait_until([&] { return traffic.accepted() > accepted + 20; }));
  expect("start", kSecond, "connected");
  EXPECT_THAT(daemon_.log(), HasSubstr("instance kafkaid: no longer degraded"));
  expect("pause", kSecond, "degraded");
  expect("resume", kSecond, "connected");
  EXPECT_EQ(traffic.refused(), 0);
}

TEST_F(States, AllBrokersAreMissing) {
  {
    Traffic traffic(daemon_);
    expect("pause", 0, "disconnected");
    EXPECT_THAT(table(), HasSubstr("kafkaid: disconnected: "));
    expect("resume", 0, "connected");
    EXPECT_EQ(traffic.refused(), 0) << "the policy is to buffer";
  }
  // The same without traffic.
  expect("pause", 0, "disconnected");
  expect("resume", 0, "connected");
  expect("kill", 0, "disconnected");
  EXPECT_THAT(daemon_.log(), HasSubstr("instance kafkaid: no broker can be reached any more; events wait"));
  expect("start", 0, "connected");
  EXPECT_THAT(daemon_.log(), HasSubstr("instance kafkaid: connected to Kafka again, after "));
}

class ThatReject : public States {
 protected:
  ThatReject() : States("when_disconnected = \"reject\"\nreject_after = \"1s\"\n") {}
};

TEST_F(ThatReject, CallsAreRefusedWhileNobodyAnswersAndNotWhileOneIsMissing) {
  Traffic traffic(daemon_);
  expect("pause", kSecond, "degraded");
  const int accepted = traffic.accepted();
  EXPECT_TRUE(wait_until([&] { return traffic.accepted() > accepted + 100; }));
  EXPECT_EQ(traffic.refused(), 0);
  expect("pause", 0, "disconnected");
  EXPECT_TRUE(wait_until([&] { return traffic.refused() > 0; }));
  expect("resume", 0, "connected");
  const int before = traffic.accepted();
  EXPECT_TRUE(wait_until([&] { return traffic.accepted() > before; }));
}

}  // namespace
}  // namespace ringpost::tests
