#include "daemon/instance/shares.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "daemon/instance/topics.hpp"

namespace ringpost::daemon {
namespace {

class SharesTest : public testing::Test {
 protected:
  static constexpr std::size_t kBufferBytes = 64u << 20;
  static constexpr std::size_t kEventBytes = 64u << 10;

  static InstanceConfig config_of(std::vector<std::string> topics) {
    InstanceConfig config;
    config.name = "kafkaid";
    config.topics = std::move(topics);
    config.max_event_size_bytes = kEventBytes;
    return config;
  }

  Shares shares(std::uint64_t bytes_in_lanes = 0) const { return Shares(arena_, bytes_in_lanes, true); }
  void mark(std::uint64_t bytes_in_lanes = 0) { topics_.mark_full(shares(bytes_in_lanes)); }
  bool full(std::string_view topic) { return topics_.find(topic)->full; }
  bool full_on_board(std::string_view topic) {
    return (ipc::look_up_topic(board_.board(), topic).entry->flags.load() & ipc::kTopicFull) != 0;
  }

  Arena::Ticket append(std::string_view topic) {
    const Tenant tenant = topics_.find(topic)->tenant;
    EXPECT_TRUE(arena_.has_room(tenant, record_.size()));
    return arena_.append({}, tenant, record_);
  }
  // Takes what calls are not refused, as many as there would be in `chunks` chunks.
  void fill(std::string_view topic, std::size_t chunks, std::deque<Arena::Ticket>& tickets) {
    for (std::size_t bytes = 0; bytes < chunks * arena_.chunk_bytes() && !full(topic);
         bytes += record_.size()) {
      tickets.push_back(append(topic));
      mark();
    }
  }
  void end(std::deque<Arena::Ticket>& tickets) {
    arena_.finish(tickets.front(), ipc::ArenaState::kDelivered);
    tickets.pop_front();
    mark();
  }

  const InstanceConfig config_ = config_of({"stuck", "flowing"});
  ipc::InstanceBoardWriter board_{"kafkaid"};
  Arena arena_{kBufferBytes, kEventBytes};
  Topics topics_{config_, board_, arena_};
  std::vector<std::byte> record_{4000};
};

TEST_F(SharesTest, AStuckTopicLeavesRoomForTheOthers) {
  std::deque<Arena::Ticket> stuck;
  fill("stuck", arena_.chunk_count(), stuck);
  EXPECT_TRUE(full_on_board("stuck"));
  EXPECT_FALSE(full_on_board("flowing"));
  EXPECT_GT(arena_.used_bytes(), arena_.buffer_bytes() / 2) << "the buffer is there to be used";
  EXPECT_GT(arena_.free_chunks(), arena_.chunk_count() / 8);

  // Ten times the arena goes past it.
  for (std::size_t bytes = 0; bytes < 10 * kBufferBytes; bytes += record_.size()) {
    arena_.finish(append("flowing"), ipc::ArenaState::kDelivered);
    mark();
    ASSERT_FALSE(full("flowing"));
  }
  EXPECT_TRUE(full("stuck"));

  while (!stuck.empty()) end(stuck);
  EXPECT_FALSE(full_on_board("stuck"));
}

TEST_F(SharesTest, SeveralStuckTopicsLeaveRoomTogether) {
  const std::vector<std::string> names{"a", "b", "c", "d", "e", "f"};
  const InstanceConfig config = config_of(names);
  ipc::InstanceBoardWriter board("kafkaid");
  Topics topics(config, board, arena_);
  bool accepted = true;
  while (accepted) {
    accepted = false;
    for (const std::string& name : names) {
      const Topics::Rule& rule = *topics.find(name);
      if (rule.full) continue;
      accepted = true;
      ASSERT_TRUE(arena_.has_room(rule.tenant, record_.size()));
      arena_.append({}, rule.tenant, record_);
      topics.mark_full(shares());
    }
  }
  EXPECT_GE(arena_.free_chunks(), arena_.chunk_count() / 8);
}

TEST_F(SharesTest, ATopicThatIsFullHasRoomAgainOnlyAfterSomeHasEnded) {
  std::deque<Arena::Ticket> stuck;
  fill("stuck", arena_.chunk_count(), stuck);
  ASSERT_TRUE(full("stuck"));
  const std::uint64_t markings = topics_.markings();
  int changes = 0;
  for (bool before = true; !stuck.empty();) {
    end(stuck);
    changes += full("stuck") != before ? 1 : 0;
    before = full("stuck");
  }
  EXPECT_EQ(changes, 1);
  EXPECT_EQ(topics_.markings(), markings);
}

TEST_F(SharesTest, WhatLiesInTheLanesIsNotSharedOut) {
  const std::size_t without = shares().limit_chunks();
  const std::size_t with = shares(kBufferBytes / 4).limit_chunks();
  EXPECT_LE(with + arena_.chunk_count() / 4 * 3, without);
}

TEST_F(SharesTest, TheOnlyTopicMayHaveAll) {
  std::deque<Arena::Ticket> stuck;
  const Tenant tenant = topics_.find("stuck")->tenant;
  while (arena_.has_room(tenant, record_.size())) {
    arena_.append({}, tenant, record_);
    topics_.mark_full(Shares(arena_, kBufferBytes, false));
    ASSERT_FALSE(full("stuck"));
  }
  EXPECT_EQ(arena_.free_chunks(), 0u);
}

TEST_F(SharesTest, TheTopicsOwnFactsStayOnTheBoard) {
  std::deque<Arena::Ticket> stuck;
  fill("stuck", arena_.chunk_count(), stuck);
  kafka::TopicFacts facts;
  facts.state = kafka::TopicFacts::State::kExists;
  facts.compacted = true;
  topics_.learn("stuck", facts);
  EXPECT_TRUE(full_on_board("stuck")) << "what the cluster says of a topic makes no room";
  while (!stuck.empty()) end(stuck);
  EXPECT_EQ(ipc::look_up_topic(board_.board(), "stuck").entry->flags.load(), ipc::kTopicCompacted);
}

}  // namespace
}  // namespace ringpost::daemon
