// An instance that goes on with what another one has left, in one process: what a test of real processes can't hold
// still.
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <initializer_list>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "daemon/instance/instance.hpp"
#include "ipc/board.hpp"
#include "ipc/doorbell.hpp"
#include "tests/instance/lanes.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::daemon {
namespace {

using tests::wait_until;

InstanceConfig make_config(const std::string& name) {
  InstanceConfig config;
  config.name = name;
  config.brokers = {"127.0.0.1:1"};  // nobody is there
  config.topics = {"orders"};
  config.buffer_size_bytes = 4u << 20;
  config.lane_size_bytes = test::kLaneBytes;
  config.max_event_size_bytes = 8u << 10;
  return config;
}

InstanceStatus status_of(Instance& instance) {
  std::promise<InstanceStatus> answer;
  instance.status([&](const InstanceStatus& status) { answer.set_value(status); });
  return answer.get_future().get();
}

bool open_lane(Instance& instance, const std::shared_ptr<Client>& client, const test::HonestLane& lane) {
  std::promise<bool> answer;
  instance.open_lane(client, lane.lane_id(), lane.slot(), lane.memory(),
                     [&](bool registered) { answer.set_value(registered); });
  return answer.get_future().get();
}

// What a keeper would hand to the successor of `instance`, with these lanes of `client`.
Inheritance left_by(const Instance& instance, const std::shared_ptr<Client>& client,
                    std::initializer_list<const test::HonestLane*> lanes) {
  Inheritance inheritance;
  inheritance.arena = instance.arena_memory().duplicate();
  inheritance.journal = instance.journal_memory().duplicate();
  for (const test::HonestLane* lane : lanes)
    inheritance.lanes.emplace(lane->lane_id(), lane->memory().duplicate());
  inheritance.doorbells.emplace(client->id, ipc::create_doorbell());
  inheritance.client_of = [client](std::uint64_t) { return client; };
  return inheritance;
}

// A dead daemon's instance, with one lane of one client, and one event that it had taken.
class Takeover : public testing::Test {
 protected:
  Takeover() {
    Instance dead(make_config("kafkaid"), {});
    dead.start();
    EXPECT_TRUE(open_lane(dead, client_, lane_));
    EXPECT_TRUE(lane_.publish("orders", "1"));
    EXPECT_TRUE(wait_until([&] { return status_of(dead).waiting_in_arena == 1; }));
    inheritance_ = left_by(dead, client_, {&lane_});
  }

  std::shared_ptr<Client> client_ = test::make_client(7);
  test::HonestLane lane_{client_, 3, 5};
  Inheritance inheritance_;
};

TEST_F(Takeover, GoesOnWithArenaAndLane) {
  EXPECT_TRUE(lane_.publish("orders", "2"));
  EXPECT_EQ(next_slots_in(inheritance_), (std::map<std::uint64_t, std::uint32_t>{{7, 6}}));
  Instance successor(make_config("kafkaid"), {}, std::move(inheritance_));
  ASSERT_EQ(successor.adopted_lanes().size(), 1U);
  EXPECT_EQ(successor.adopted_lanes()[0].lane_id, 3U);
  EXPECT_EQ(successor.adopted_lanes()[0].slot, 5U);
  EXPECT_EQ(successor.largest_lane_id(), 3U);
  successor.start();
  EXPECT_TRUE(wait_until([&] { return status_of(successor).waiting_in_arena == 2; }));
  EXPECT_EQ(status_of(successor).accepted, 2U);
}

// A publisher that looks at a dead daemon's board would not ring this one's bell: it would be left lying.
TEST_F(Takeover, TheDoorbellIsArmedOnlyWhenTheClientHasConfirmed) {
  Instance successor(make_config("kafkaid"), {}, std::move(inheritance_));
  successor.start();
  const ipc::InstanceBoardReader board(successor.board_memory());
  // Quiet for longer than these, which are started later and one after the other, take to sleep.
  for (const char* name : {"other", "another"}) {
    Instance other(make_config(name), {});
    other.start();
    const ipc::InstanceBoardReader other_board(other.board_memory());
    ASSERT_TRUE(wait_until([&] { return other_board.board().doorbell_armed != 0; }));
  }
  EXPECT_EQ(board.board().doorbell_armed, 0U);
  successor.confirm(client_->id);
  EXPECT_TRUE(wait_until([&] { return board.board().doorbell_armed != 0; }));
}

TEST_F(Takeover, AClientThatHasGoneNeedNotConfirm) {
  Instance successor(make_config("kafkaid"), {}, std::move(inheritance_));
  successor.start();
  const ipc::InstanceBoardReader board(successor.board_memory());
  std::promise<void> drained;
  successor.client_gone(client_->id, [&] { drained.set_value(); });
  drained.get_future().get();
  EXPECT_TRUE(wait_until([&] { return board.board().doorbell_armed != 0; }));
}

TEST_F(Takeover, WhatARevokedClientHadPublishedIsTakenAndTheRestIsADeadLetter) {
  EXPECT_TRUE(lane_.publish("orders", "2"));
  Instance successor(make_config("kafkaid"), {}, std::move(inheritance_));
  successor.revoke(client_->id);
  EXPECT_TRUE(lane_.publish("orders", "3"));
  successor.start();
  EXPECT_TRUE(lane_.publish("orders", "4"));
  EXPECT_TRUE(wait_until([&] { return status_of(successor).dead_letters == 2; }));
  const InstanceStatus status = status_of(successor);
  EXPECT_EQ(status.accepted, 4U);
  EXPECT_EQ(status.waiting, 2U);
  EXPECT_EQ(status.dead_letters_by_reason.at("denied"), 2U);
}

TEST_F(Takeover, ARevokedClientThatGoesOnIsCutOff) {
  std::promise<std::string> cut_off;
  InstanceEvents events;
  events.client_malformed = [&](std::uint64_t, const std::string& why) { cut_off.set_value(why); };
  Instance successor(make_config("kafkaid"), events, std::move(inheritance_));
  successor.revoke(client_->id);
  successor.start();
  auto why = cut_off.get_future();
  const std::string message = "\"" + std::string(4'000, 'x') + "\"";
  EXPECT_TRUE(wait_until([&] {
    while (lane_.publish("orders", message)) {
    }
    return why.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }));
  EXPECT_NE(why.get().find("may not use any more"), std::string::npos);
}

// The keeper died while it was being offered what it held.
TEST_F(Takeover, ALaneThatIsNotThereIsForgottenAndTheOthersGoOn) {
  inheritance_.lanes.clear();
  Instance successor(make_config("kafkaid"), {}, std::move(inheritance_));
  EXPECT_TRUE(successor.adopted_lanes().empty());
  successor.start();
  const InstanceStatus status = status_of(successor);
  EXPECT_EQ(status.accepted, 1U);
  EXPECT_EQ(status.waiting, 1U);
  test::HonestLane next(client_, 4, 6);
  EXPECT_TRUE(open_lane(successor, client_, next));
}

TEST_F(Takeover, ADamagedJournalIsRefused) {
  inheritance_.journal = ipc::create_memory("short", 100);
  EXPECT_TRUE(next_slots_in(inheritance_).empty());
  EXPECT_THROW(Instance(make_config("kafkaid"), {}, std::move(inheritance_)), std::runtime_error);
}

}  // namespace
}  // namespace ringpost::daemon
