#include "daemon/instance/arena.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace ringpost::daemon {
namespace {

constexpr std::size_t kBufferBytes = 8u << 20;
constexpr std::size_t kEventBytes = 64u << 10;

std::vector<std::byte> record_of(std::string_view message) {
  constexpr std::string_view kTopic = "topic";
  ipc::RecordHeader header{};
  header.size = static_cast<std::uint32_t>(ipc::align_record(sizeof header + kTopic.size() + message.size()));
  header.topic_size = static_cast<std::uint16_t>(kTopic.size());
  header.message_size = static_cast<std::uint32_t>(message.size());
  std::vector<std::byte> bytes(header.size);
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, kTopic.data(), kTopic.size());
  if (!message.empty())
    std::memcpy(bytes.data() + sizeof header + kTopic.size(), message.data(), message.size());
  return bytes;
}

void expect_audit_agrees(const Arena& arena) {
  const Arena::Audit audit = arena.audit();
  EXPECT_EQ(audit.accepted, arena.next_sequence() - 1);
  EXPECT_EQ(audit.delivered, arena.delivered());
  EXPECT_EQ(audit.dead, arena.dead());
  EXPECT_EQ(audit.waiting, arena.waiting());
  EXPECT_EQ(audit.accepted, audit.delivered + audit.dead + audit.waiting);
}

TEST(Arena, KeepsWhatWasAppended) {
  Arena arena(kBufferBytes, kEventBytes);
  const auto ticket = arena.append({7, 128, 5'000'000, 1234}, record_of("\"hello\""));
  arena.commit();

  const ipc::RecordView record = arena.record(ticket);
  EXPECT_EQ(record.topic, "topic");
  EXPECT_EQ(record.message, "\"hello\"");
  EXPECT_FALSE(record.key.has_value());
  EXPECT_EQ(record.header.stamp_ns, 5'000'000);
  EXPECT_EQ(arena.prefix(ticket).sequence, 1u);
  EXPECT_EQ(arena.prefix(ticket).lane_id, 7u);
  EXPECT_EQ(arena.prefix(ticket).lane_position, 128u);
  EXPECT_EQ(arena.prefix(ticket).create_time_ms, 1234);
  EXPECT_EQ(arena.oldest_stamp_ns(), 5'000'000);
  expect_audit_agrees(arena);
}

TEST(Arena, WhatIsNotCommittedDoesNotCountForASuccessor) {
  Arena arena(kBufferBytes, kEventBytes);
  arena.append({1, 8, 1, 1}, record_of("1"));
  arena.commit();
  arena.append({1, 16, 2, 2}, record_of("2"));
  EXPECT_EQ(arena.audit().accepted, 1u);
  EXPECT_EQ(arena.audit().waiting, 1u);
  arena.commit();
  EXPECT_EQ(arena.audit().accepted, 2u);
}

TEST(Arena, RefusesWhenEveryChunkIsPinnedAndTakesAgainWhenOneIsFree) {
  Arena arena(kBufferBytes, kEventBytes);
  const auto record = record_of(std::string(kEventBytes / 2, '1'));
  std::deque<Arena::Ticket> tickets;
  while (arena.has_room(record.size())) tickets.push_back(arena.append({1, 8, 1, 1}, record));
  arena.commit();
  EXPECT_EQ(arena.used_bytes(), arena.buffer_bytes());
  EXPECT_GE(tickets.size() * record.size(), arena.buffer_bytes() * 9 / 10);

  while (!arena.has_room(record.size())) {
    ASSERT_FALSE(tickets.empty());
    arena.finish(tickets.front(), ipc::ArenaState::kDelivered);
    tickets.pop_front();
  }
  EXPECT_LT(arena.used_bytes(), arena.buffer_bytes());
  expect_audit_agrees(arena);
}

TEST(Arena, OneStragglerPinsItsChunkOnly) {
  Arena arena(kBufferBytes, kEventBytes);
  const auto record = record_of(std::string(1000, '1'));
  const auto straggler = arena.append({1, 8, 99, 1}, record);
  for (int count = 0; count < 50'000; ++count) {
    ASSERT_TRUE(arena.has_room(record.size())) << "after " << count << " records";
    arena.finish(arena.append({1, 8, 100, 1}, record), ipc::ArenaState::kDelivered);
  }
  arena.commit();
  EXPECT_EQ(arena.waiting(), 1u);
  EXPECT_EQ(arena.oldest_stamp_ns(), 99);
  EXPECT_EQ(std::string(1000, '1'), arena.record(straggler).message);
  expect_audit_agrees(arena);
}

// The arena against a list of what should be in it, under random operations.
TEST(Arena, AgreesWithAModel) {
  std::mt19937 random(20'260'101);
  Arena arena(4u << 20, kEventBytes);
  struct Live {
    Arena::Ticket ticket;
    std::uint64_t sequence;
    std::string message;
  };
  std::vector<Live> live;
  std::uint64_t accepted = 0, delivered = 0, dead = 0, refused = 0;
  for (int step = 0; step < 60'000; ++step) {
    const bool full_phase = step % 20'000 > 12'000;  // more is appended than ends, and so the arena fills
    if (random() % 100 < (full_phase ? 70u : 48u)) {
      const std::string message(random() % 3 == 0 ? random() % 4000 : random() % 200,
                                static_cast<char>('0' + random() % 10));
      const auto record = record_of(message);
      if (!arena.has_room(record.size())) {
        ++refused;
        continue;
      }
      const auto ticket = arena.append({3, accepted, 1, 1}, record);
      ++accepted;
      live.push_back({ticket, accepted, message});
    } else if (!live.empty()) {
      const std::size_t pick = random() % std::min<std::size_t>(live.size(), 40);
      const Live ended = live[pick];
      ASSERT_EQ(arena.prefix(ended.ticket).sequence, ended.sequence);
      ASSERT_EQ(arena.record(ended.ticket).message, ended.message);
      const bool lost = random() % 10 == 0;
      if (random() % 2 == 0) arena.set_handed(ended.ticket, 3);
      arena.finish(ended.ticket, lost ? ipc::ArenaState::kDead : ipc::ArenaState::kDelivered);
      (lost ? dead : delivered) += 1;
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(pick));
    }
    if (step % 500 == 0) {
      arena.commit();
      ASSERT_EQ(arena.delivered(), delivered);
      ASSERT_EQ(arena.dead(), dead);
      ASSERT_EQ(arena.waiting(), live.size());
      expect_audit_agrees(arena);
    }
  }
  EXPECT_GT(refused, 0u) << "the arena was never full: the test shows less than it should";
}

}  // namespace
}  // namespace ringpost::daemon
