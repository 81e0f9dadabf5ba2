#include "daemon/instance/drain.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "ipc/clock.hpp"
#include "lanes.hpp"

namespace ringpost::daemon {
namespace {

using Messages = std::vector<std::string>;

Messages round_of(Drain& drain) {
  Messages messages;
  drain.round([&](LaneFeed&, std::int64_t, std::span<const std::byte> bytes) {
    messages.push_back(test::message_of(bytes));
    return true;
  });
  return messages;
}

Messages rounds_until_quiet(Drain& drain) {
  Messages messages;
  for (int quiet = 0; quiet < 3;) {
    const Messages round = round_of(drain);
    quiet = round.empty() ? quiet + 1 : 0;
    messages.insert(messages.end(), round.begin(), round.end());
  }
  return messages;
}

TEST(Drain, MergesLanesByStamp) {
  Drain drain;
  const auto client = test::make_client(1);
  test::ForgedLane one(client, 1, 0), two(client, 2, 1);
  drain.feeds().push_back(one.feed());
  drain.feeds().push_back(two.feed());
  for (const auto& [stamp, message] : std::map<std::int64_t, std::string>{{10, "10"}, {30, "30"}, {50, "50"}})
    one.write("t", message, stamp);
  for (const auto& [stamp, message] : std::map<std::int64_t, std::string>{{20, "20"}, {40, "40"}, {60, "60"}})
    two.write("t", message, stamp);
  one.store_tail();
  two.store_tail();
  EXPECT_EQ(round_of(drain), (Messages{"10", "20", "30", "40", "50", "60"}));
}

// However small the budgets: what is cut off must not be overtaken by what has a larger key.
TEST(Drain, ABudgetNeverChangesTheOrder) {
  for (const std::size_t copy_bytes : {std::size_t{48}, std::size_t{200}, std::size_t{100'000}}) {
    for (const std::size_t records : {std::size_t{1}, std::size_t{3}, std::size_t{100'000}}) {
      Drain drain({copy_bytes, records});
      const auto client = test::make_client(1);
      std::vector<std::unique_ptr<test::ForgedLane>> lanes;
      for (std::uint64_t id = 1; id <= 4; ++id) {
        lanes.push_back(std::make_unique<test::ForgedLane>(client, id, static_cast<std::uint32_t>(id)));
        drain.feeds().push_back(lanes.back()->feed());
      }
      Messages expected;
      for (int number = 0; number < 400; ++number) {
        expected.push_back(std::to_string(number));
        lanes[static_cast<std::size_t>(number * 7 / 3) % lanes.size()]->write("t", expected.back(),
                                                                              1'000 + number);
      }
      for (const auto& lane : lanes) lane->store_tail();
      EXPECT_EQ(rounds_until_quiet(drain), expected) << copy_bytes << " bytes, " << records << " records";
    }
  }
}

TEST(Drain, ARoundThatHasNoRoomLosesNothingAndGoesOnInOrder) {
  Drain drain;
  const auto client = test::make_client(1);
  test::ForgedLane one(client, 1, 0), two(client, 2, 1);
  drain.feeds().push_back(one.feed());
  drain.feeds().push_back(two.feed());
  Messages expected;
  for (int number = 0; number < 100; ++number) {
    expected.push_back(std::to_string(number));
    (number % 3 == 0 ? one : two).write("t", expected.back(), 1'000 + number);
  }
  one.store_tail();
  two.store_tail();

  Messages taken;
  int room = 0;
  const auto consume = [&](LaneFeed&, std::int64_t, std::span<const std::byte> bytes) {
    if (room == 0) return false;
    --room;
    taken.push_back(test::message_of(bytes));
    return true;
  };
  while (taken.size() < expected.size()) {
    const DrainResult full = drain.round(consume);
    EXPECT_TRUE(full.no_room);
    EXPECT_FALSE(full.more);
    room = 7;
    drain.round(consume);
  }
  EXPECT_EQ(taken, expected);
}

// One lane is full of equal stamps in the past, one of stamps in the future: a third one's event still comes
// through.
TEST(Drain, HostileStampsDoNotStarveOthers) {
  for (const std::int64_t hostile_stamp_ns : {std::int64_t{1}, std::numeric_limits<std::int64_t>::max()}) {
    Drain drain({256, 16});
    const auto client = test::make_client(1);
    test::ForgedLane hostile(client, 1, 0);
    test::HonestLane honest(client, 2, 1);
    drain.feeds().push_back(hostile.feed());
    drain.feeds().push_back(honest.feed());
    while (hostile.write("t", "0", hostile_stamp_ns)) {
    }
    hostile.store_tail();
    ASSERT_TRUE(honest.publish("t", "\"honest\""));
    bool seen = false;
    for (int rounds = 0; rounds < 2 * static_cast<int>(test::kLaneBytes / 256) && !seen; ++rounds) {
      for (const std::string& message : round_of(drain)) seen = seen || message == "\"honest\"";
    }
    EXPECT_TRUE(seen) << "hostile stamp " << hostile_stamp_ns;
  }
}

TEST(Drain, WhatIsStampedAfterTheCutWaitsForTheNextRound) {
  Drain drain;
  const auto client = test::make_client(1);
  test::ForgedLane lane(client, 1, 0);
  drain.feeds().push_back(lane.feed());
  lane.write("t", "1", std::numeric_limits<std::int64_t>::max());
  lane.store_tail();
  EXPECT_EQ(round_of(drain), Messages{}) << "clamped to the second reading, it lies beyond the cut";
  EXPECT_EQ(round_of(drain), Messages{"1"});
}

}  // namespace
}  // namespace ringpost::daemon
