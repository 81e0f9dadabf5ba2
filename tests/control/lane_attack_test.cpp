// Garbage over a lane: its client is cut off and logged once, what was whole before the damage counts, and the
// others' events are delivered as if nothing had happened.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include <boost/json.hpp>

#include "ipc/lane_layout.hpp"
#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

const std::string kInstance =
    "[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\nlane_size = \"64KiB\"\n"
    "max_event_size = \"16KiB\"\n";

constexpr std::uint64_t kEvents = 100;

class LaneAttackTest : public testing::Test {
 protected:
  std::uint64_t count(const char* what) {
    return boost::json::parse(watcher_.status()).at("instances").at(0).at(what).to_number<std::uint64_t>();
  }
  static void publish_all(RawClient& client) {
    for (std::uint64_t number = 0; number < kEvents; ++number) {
      ASSERT_TRUE(wait_until([&] { return client.publish("orders", std::to_string(number)); }));
    }
  }
  // The culprit's whole events and all of the honest one's are delivered; then the culprit is told.
  void expect_cut_off(RawClient& culprit, std::uint64_t delivered) {
    EXPECT_TRUE(wait_until([&] { return culprit.standing() == ipc::Standing::kCutOff; })) << daemon_.log();
    EXPECT_EQ(refusal_of(culprit.open_lane(0)), ipc::Refusal::kDenied);
    EXPECT_EQ(refusal_of(culprit.ask(ipc::make_frame(ipc::FrameType::kPing, 0))), ipc::Refusal::kDenied);
    EXPECT_TRUE(wait_until([&] { return count("delivered") == delivered; }))
        << watcher_.status() << daemon_.log();

    publish_all(honest_);
    EXPECT_TRUE(wait_until([&] { return count("delivered") == delivered + kEvents; })) << watcher_.status();
    EXPECT_EQ(count("accepted"), count("delivered"));
    EXPECT_EQ(honest_.standing(), ipc::Standing::kServed);
  }
  std::size_t lines_with(const std::string& text) const {
    const std::string log = daemon_.log();
    std::size_t lines = 0;
    for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++lines;
    return lines;
  }

  void SetUp() override {
    ASSERT_EQ(watcher_.hello().frame.header.type, ipc::FrameType::kWelcome);
    publish_all(honest_);
    ASSERT_TRUE(wait_until([&] { return count("delivered") == kEvents; }))
        << watcher_.status() << daemon_.log();
  }

  Daemon daemon_{kInstance};
  RawClient watcher_{daemon_.socket()};
  RawClient honest_ = client_with_lane(daemon_.socket());
};

// What a client has of its lane's memory, to do with as it likes.
class OwnLane {
 public:
  explicit OwnLane(const RawClient& client)
      : header_page_(ipc::map(client.lane_memory(), ipc::Access::kReadWrite, 0, ipc::kPageBytes)),
        ring_(ipc::map(client.lane_memory(), ipc::Access::kReadWrite, ipc::kLaneRingOffset, 64u << 10)) {}
  ipc::LaneHeader& header() { return *static_cast<ipc::LaneHeader*>(header_page_.get_address()); }
  std::byte* ring() { return static_cast<std::byte*>(ring_.get_address()); }
  std::size_t ring_bytes() const { return ring_.get_size(); }
  void move_tail(std::uint64_t bytes) {
    header().tail.store(header().tail.load(std::memory_order_relaxed) + bytes, std::memory_order_release);
  }

 private:
  ipc::Mapping header_page_;
  ipc::Mapping ring_;
};

TEST_F(LaneAttackTest, GarbageBehindWholeEvents) {
  RawClient culprit = client_with_lane(daemon_.socket());
  publish_all(culprit);
  OwnLane lane(culprit);
  const std::size_t tail = lane.header().tail.load();
  std::memset(lane.ring() + tail, 0xA5, 4096);
  lane.move_tail(4096);
  expect_cut_off(culprit, 2 * kEvents);
  EXPECT_EQ(count("malformed_lanes"), 1U);
  EXPECT_EQ(daemon_.stop(), 0);  // now the log is complete
  EXPECT_EQ(lines_with("was cut off"), 1U) << daemon_.log();
  EXPECT_THAT(daemon_.log(), HasSubstr("\"raw\" (uid " + std::to_string(::geteuid())));
}

TEST_F(LaneAttackTest, ATailBeyondTheRing) {
  RawClient culprit = client_with_lane(daemon_.socket());
  OwnLane(culprit).move_tail(1u << 20);
  expect_cut_off(culprit, kEvents);
}

TEST_F(LaneAttackTest, ATailThatGoesBack) {
  RawClient culprit = client_with_lane(daemon_.socket());
  publish_all(culprit);
  EXPECT_TRUE(wait_until([&] { return count("delivered") == 2 * kEvents; }));
  OwnLane(culprit).move_tail(static_cast<std::uint64_t>(-64));
  expect_cut_off(culprit, 2 * kEvents);
}

TEST_F(LaneAttackTest, EveryLaneOfAClientMalformedIsOneLine) {
  RawClient culprit = client_with_lane(daemon_.socket());
  OwnLane first(culprit);
  ASSERT_EQ(culprit.open_lane(0).frame.header.type, ipc::FrameType::kLane);
  OwnLane second(culprit);
  first.move_tail(1);
  second.move_tail(1);
  expect_cut_off(culprit, kEvents);
  EXPECT_TRUE(wait_until([&] { return count("malformed_lanes") == 2; }));
  EXPECT_EQ(daemon_.stop(), 0);  // now the log is complete
  EXPECT_EQ(lines_with("was cut off"), 1U) << daemon_.log();
}

TEST_F(LaneAttackTest, RandomBytesOverEverythingAgainAndAgain) {
  std::mt19937_64 random(20261122);
  for (int round = 0; round < 50; ++round) {
    RawClient culprit = client_with_lane(daemon_.socket());
    OwnLane lane(culprit);
    for (std::size_t at = 0; at + 8 <= lane.ring_bytes(); at += 8) {
      const std::uint64_t value = random();
      std::memcpy(lane.ring() + at, &value, sizeof value);
    }
    lane.header().capacity_bytes = random();
    lane.header().lane_id = random();
    lane.header().tail.store(round % 2 == 0 ? random() : random() % (64u << 10), std::memory_order_release);
    if (round % 3 == 0) continue;  // gone before anybody looked
    EXPECT_TRUE(wait_until([&] { return culprit.standing() == ipc::Standing::kCutOff; })) << round;
  }
  publish_all(honest_);
  EXPECT_TRUE(wait_until([&] { return count("delivered") == 2 * kEvents; })) << watcher_.status();
  EXPECT_TRUE(wait_until([&] { return count("lanes") == 1; })) << watcher_.status();
}

}  // namespace
}  // namespace ringpost::tests
