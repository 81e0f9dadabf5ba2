#include "daemon/instance/lane_feed.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "ipc/clock.hpp"
#include "lanes.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

std::vector<std::string> drain(LaneFeed& feed, std::size_t budget_bytes = kAll) {
  std::vector<std::string> messages;
  feed.look();
  for (int rounds = 0; rounds < 100'000; ++rounds) {
    feed.take(ipc::monotonic_ns(), budget_bytes);
    while (feed.has_record()) {
      messages.push_back(test::message_of(feed.front_bytes()));
      feed.pop();
    }
    if (feed.empty()) break;
  }
  return messages;
}

TEST(LaneFeed, GivesRecordsAsTheyWereWrittenForAnyBudget) {
  for (const std::size_t budget_bytes : {std::size_t{8}, std::size_t{100}, std::size_t{5'000}, kAll}) {
    test::HonestLane lane(test::make_client(1), 1, 0);
    const auto feed = lane.feed();
    std::vector<std::string> written;
    for (int number = 0; number < 200; ++number) {
      written.push_back("\"" + std::string(static_cast<std::size_t>(number), 'x') + "\"");
      ASSERT_TRUE(lane.publish("topic", written.back()));
    }
    EXPECT_EQ(drain(*feed, budget_bytes), written) << "budget " << budget_bytes;
    EXPECT_FALSE(feed->malformed()) << feed->why_malformed();
  }
}

TEST(LaneFeed, StampsNeverFallAndNeverLieInTheFuture) {
  test::ForgedLane lane(test::make_client(1), 1, 0);
  const auto feed = lane.feed();
  const std::int64_t start_ns = ipc::monotonic_ns();
  for (const std::int64_t stamp_ns :
       {start_ns, start_ns - 1'000'000, std::numeric_limits<std::int64_t>::max(), std::int64_t{-5},
        std::numeric_limits<std::int64_t>::min()}) {
    ASSERT_TRUE(lane.write("topic", "1", stamp_ns));
  }
  lane.store_tail();
  feed->look();
  const std::int64_t now_ns = ipc::monotonic_ns();
  feed->take(now_ns, kAll);
  std::vector<std::int64_t> stamps;
  for (; feed->has_record(); feed->pop()) stamps.push_back(feed->front().stamp_ns);
  EXPECT_EQ(stamps, (std::vector<std::int64_t>{start_ns, start_ns, now_ns, now_ns, now_ns}));
}

TEST(LaneFeed, AStampOnceGivenStays) {
  test::ForgedLane lane(test::make_client(1), 1, 0);
  const auto feed = lane.feed();
  ASSERT_TRUE(lane.write("topic", "1", std::numeric_limits<std::int64_t>::max()));
  lane.store_tail();
  feed->look();
  feed->take(1'000, kAll);
  EXPECT_EQ(feed->front().stamp_ns, 1'000);
  feed->look();
  feed->take(2'000, kAll);
  EXPECT_EQ(feed->front().stamp_ns, 1'000) << "clamped again, it would never be due";
}

TEST(LaneFeed, WhatARoundDidNotSeeIsRaisedToItsCut) {
  test::ForgedLane lane(test::make_client(1), 1, 0);
  const auto feed = lane.feed();
  ASSERT_TRUE(lane.write("topic", "1", 10));
  lane.store_tail();
  feed->look();
  feed->take(5'000, 8);  // cut off in the middle of the first record
  feed->raise_floor(4'000);
  ASSERT_TRUE(lane.write("topic", "2", 20));
  lane.store_tail();
  feed->look();
  feed->take(6'000, kAll);
  EXPECT_EQ(feed->front().stamp_ns, 10) << "it was seen in the round of the cut";
  feed->pop();
  EXPECT_EQ(feed->front().stamp_ns, 4'000) << "it was not";
}

// Every kind of damage: what was whole before it still counts, and nothing behind it.
TEST(LaneFeed, DamageEndsTheLaneBehindTheLastWholeRecord) {
  using Damage = std::function<void(test::ForgedLane&)>;
  const auto forged = [](const std::function<void(ipc::RecordHeader&)>& change) -> Damage {
    return [change](test::ForgedLane& lane) {
      ipc::RecordHeader header = lane.header_for("topic", "\"bad\"", 1);
      change(header);
      lane.write(header, "topic", "\"bad\"");
      lane.write("topic", "\"after\"", 1);
      lane.store_tail();
    };
  };
  const std::vector<std::pair<const char*, Damage>> damages = {
      {"sequence repeated", forged([](auto& header) { --header.sequence; })},
      {"sequence skipped", forged([](auto& header) { ++header.sequence; })},
      {"size 0", forged([](auto& header) { header.size = 0; })},
      {"size not a multiple of 8", forged([](auto& header) { header.size += 4; })},
      {"size too large", forged([](auto& header) { header.size += 8; })},
      {"size beyond the ring", forged([](auto& header) { header.size = 0xFFFFFFF8; })},
      {"unknown flags", forged([](auto& header) { header.flags = 0x8000; })},
      {"reserved field", forged([](auto& header) { header.zero = 1; })},
      {"key size without key", forged([](auto& header) {
         header.key_size = 1;
         --header.message_size;
       })},
      {"message size wraps", forged([](auto& header) { header.message_size = 0xFFFFFFFF; })},
      {"headers without count", forged([](auto& header) {
         header.headers_size = 5;
         header.message_size = 0;
       })},
      {"count without headers", forged([](auto& header) { header.header_count = 1; })},
      {"topic of no size", forged([](auto& header) {
         header.topic_size = 0;
         header.message_size += 5;
       })},
      {"topic with other characters", forged([](auto& header) {
         header.topic_size = 7;
         header.message_size -= 2;
       })},
      {"tail falls", [](test::ForgedLane& lane) { lane.store_tail(8); }},
      {"tail not a multiple of 8", [](test::ForgedLane& lane) { lane.store_tail(lane.tail() + 4); }},
      {"tail beyond the ring",
       [](test::ForgedLane& lane) { lane.store_tail(lane.tail() + 2 * test::kLaneBytes); }},
      {"tail at the end of time", [](test::ForgedLane& lane) { lane.store_tail(~std::uint64_t{7}); }},
      {"tail inside a record",
       [](test::ForgedLane& lane) {
         lane.write("topic", "\"half\"", 1);
         lane.store_tail(lane.tail() - 8);
       }},
  };
  for (const auto& [name, damage] : damages) {
    test::ForgedLane lane(test::make_client(1), 1, 0);
    const auto feed = lane.feed();
    ASSERT_TRUE(lane.write("topic", "\"good 1\"", 1));
    ASSERT_TRUE(lane.write("topic", "\"good 2\"", 1));
    lane.store_tail();
    std::vector<std::string> seen = drain(*feed);
    damage(lane);
    for (const std::string& message : drain(*feed)) seen.push_back(message);
    EXPECT_EQ(seen, (std::vector<std::string>{"\"good 1\"", "\"good 2\""})) << name;
    EXPECT_TRUE(feed->malformed()) << name;
    EXPECT_TRUE(feed->empty()) << name;
    feed->look();
    EXPECT_TRUE(drain(*feed).empty()) << name;
  }
}

TEST(LaneFeed, CountsWhatWaitsWhetherCopiedOrNot) {
  test::HonestLane lane(test::make_client(1), 1, 0);
  const auto feed = lane.feed();
  for (int number = 0; number < 100; ++number) ASSERT_TRUE(lane.publish("topic", "123456789"));
  feed->look();
  EXPECT_EQ(feed->waiting_records(), 100u);
  feed->take(ipc::monotonic_ns(), 1'000);
  EXPECT_EQ(feed->waiting_records(), 100u);
  feed->pop();
  EXPECT_EQ(feed->waiting_records(), 99u);
}

}  // namespace
}  // namespace ringpost::daemon
