#include "daemon/instance/arena.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/instance/arena_image.hpp"

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
  EXPECT_EQ(audit.accepted, arena.accepted());
  EXPECT_EQ(audit.delivered, arena.delivered());
  EXPECT_EQ(audit.dead, arena.dead());
  EXPECT_EQ(audit.waiting, arena.waiting());
  EXPECT_EQ(audit.spooled, arena.spooled());
  EXPECT_EQ(audit.accepted, audit.delivered + audit.dead + audit.spooled + audit.waiting);
  EXPECT_EQ(audit.topics, arena.totals());
}

TEST(Arena, KeepsWhatWasAppended) {
  Arena arena(kBufferBytes, kEventBytes);
  const Tenant tenant = arena.add_tenant("topic");
  const auto ticket = arena.append({7, 128, 5'000'000, 1234}, tenant, record_of("\"hello\""));
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
  const Tenant tenant = arena.add_tenant("topic");
  arena.append({1, 8, 1, 1}, tenant, record_of("1"));
  arena.commit();
  arena.append({1, 16, 2, 2}, tenant, record_of("2"));
  EXPECT_EQ(arena.audit().accepted, 1u);
  EXPECT_EQ(arena.audit().waiting, 1u);
  arena.commit();
  EXPECT_EQ(arena.audit().accepted, 2u);
}

TEST(Arena, RefusesWhenEveryChunkIsPinnedAndTakesAgainWhenOneIsFree) {
  Arena arena(4 * kBufferBytes, kEventBytes);
  const Tenant tenant = arena.add_tenant("topic");
  const auto record = record_of(std::string(kEventBytes / 2, '1'));
  std::deque<Arena::Ticket> tickets;
  while (arena.has_room(tenant, record.size())) tickets.push_back(arena.append({1, 8, 1, 1}, tenant, record));
  arena.commit();
  EXPECT_EQ(arena.used_bytes(), arena.buffer_bytes());
  EXPECT_GE(tickets.size() * record.size(), arena.buffer_bytes() * 9 / 10);

  while (!arena.has_room(tenant, record.size())) {
    ASSERT_FALSE(tickets.empty());
    arena.finish(tickets.front(), ipc::ArenaState::kDelivered);
    tickets.pop_front();
  }
  EXPECT_LT(arena.used_bytes(), arena.buffer_bytes());
  expect_audit_agrees(arena);
}

TEST(Arena, OneStragglerPinsItsChunkOnly) {
  Arena arena(kBufferBytes, kEventBytes);
  const Tenant tenant = arena.add_tenant("topic");
  const auto record = record_of(std::string(1000, '1'));
  const auto straggler = arena.append({1, 8, 99, 1}, tenant, record);
  for (int count = 0; count < 50'000; ++count) {
    ASSERT_TRUE(arena.has_room(tenant, record.size())) << "after " << count << " records";
    arena.finish(arena.append({1, 8, 100, 1}, tenant, record), ipc::ArenaState::kDelivered);
  }
  arena.commit();
  EXPECT_EQ(arena.waiting(), 1u);
  EXPECT_EQ(arena.oldest_stamp_ns(), 99);
  EXPECT_EQ(std::string(1000, '1'), arena.record(straggler).message);
  expect_audit_agrees(arena);
}

// A record of a stuck topic now and then, among many of one that flows: with chunks of its own it can't pin everybody's.
TEST(Arena, ATopicThatLagsPinsAFewChunksOfTheOthers) {
  Arena arena(32u << 20, kEventBytes);
  const Tenant flowing = arena.add_tenant("flowing");
  const Tenant stuck = arena.add_tenant("stuck");
  const auto record = record_of(std::string(1000, '1'));
  std::vector<Arena::Ticket> lagging;
  for (int count = 0; count < 200'000; ++count) {
    ASSERT_TRUE(arena.has_room(flowing, record.size())) << "after " << count << " records";
    arena.finish(arena.append({1, 8, 2, 1}, flowing, record), ipc::ArenaState::kDelivered);
    if (count % 100 == 0) lagging.push_back(arena.append({1, 8, 1, 1}, stuck, record));
  }
  arena.commit();
  const std::size_t own_chunks =
      lagging.size() * (sizeof(ipc::ArenaPrefix) + record.size()) / arena.chunk_bytes() + 1;
  EXPECT_LE(arena.pinned_chunks(stuck), own_chunks + 3);
  EXPECT_EQ(arena.pinned_chunks(flowing), 0u);
  EXPECT_EQ(arena.waiting(), lagging.size());
  EXPECT_EQ(arena.oldest_stamp_ns(), 1);
  expect_audit_agrees(arena);

  for (const Arena::Ticket ticket : lagging) arena.finish(ticket, ipc::ArenaState::kDelivered);
  arena.commit();
  EXPECT_EQ(arena.pinned_chunks(stuck), 0u);
  EXPECT_LE(arena.used_bytes(), arena.chunk_bytes()) << "what nobody needs is still kept";
  expect_audit_agrees(arena);
}

// The arena against a list of what should be in it, under random operations.
TEST(Arena, AgreesWithAModel) {
  std::mt19937 random(20'260'101);
  Arena arena(8u << 20, kEventBytes);
  const std::array<std::string, 5> topic_names{"stuck", "a", "b", "a", ""};  // two tenants of one
  std::vector<Tenant> tenants;
  for (std::size_t count = 0; count < topic_names.size(); ++count)
    tenants.push_back(arena.add_tenant(topic_names[count]));
  struct Live {
    Arena::Ticket ticket;
    std::uint64_t sequence;
    std::string message;
    Tenant tenant;
  };
  std::vector<Live> live;
  std::deque<Live> overdue;
  std::map<std::string, std::array<std::uint64_t, 3>> ends;  // by topic: delivered, dead, spooled
  std::uint64_t accepted = 0, refused = 0;
  const auto end = [&](const Live& record) {
    const std::size_t how = std::min<std::size_t>(random() % 8, 2);  // most of them are spooled
    constexpr std::array kStates{ipc::ArenaState::kDelivered, ipc::ArenaState::kDead,
                                 ipc::ArenaState::kSpooled};
    arena.finish(record.ticket, kStates[how]);
    ++ends[topic_names[record.tenant]][how];
  };
  for (int step = 0; step < 90'000; ++step) {
    const bool full_phase = step % 30'000 > 12'000;  // more is appended than ends, and so the arena fills
    if (random() % 100 < (full_phase ? 70u : 48u)) {
      const std::string message(random() % 3 == 0 ? random() % 4000 : random() % 200,
                                static_cast<char>('0' + random() % 10));
      const auto record = record_of(message);
      const Tenant tenant = tenants[random() % tenants.size()];
      if (!arena.has_room(tenant, record.size())) {
        ++refused;
        continue;
      }
      const auto ticket = arena.append({3, accepted, 1, 1}, tenant, record);
      ++accepted;
      live.push_back({ticket, accepted, message, tenant});
    } else if (!live.empty()) {
      std::size_t pick = random() % std::min<std::size_t>(live.size(), 40);
      // One of them is stuck most of the time, and so it lags.
      if (live[pick].tenant == tenants[0] && step % 5'000 < 4'000) pick = random() % live.size();
      const Live ended = live[pick];
      ASSERT_EQ(arena.prefix(ended.ticket).sequence, ended.sequence);
      ASSERT_EQ(arena.record(ended.ticket).message, ended.message);
      live.erase(live.begin() + static_cast<std::ptrdiff_t>(pick));
      const bool handed = random() % 2 == 0;
      if (handed) arena.set_handed(ended.ticket, 3);
      if (handed && random() % 10 == 0) {
        arena.set_overdue(ended.ticket);
        overdue.push_back(ended);
      } else {
        end(ended);
      }
    }
    if (overdue.size() > random() % 50) {
      end(overdue.front());
      overdue.pop_front();
    }
    if (step % 1'000 == 0) {
      arena.commit();
      for (const TopicTotals& topic : arena.totals()) {
        const auto is_of_topic = [&](const Live& each) { return topic_names[each.tenant] == topic.name; };
        const auto [delivered, dead, spooled] = ends[topic.name];
        const auto count = [&](const auto& list) {
          return static_cast<std::uint64_t>(std::count_if(list.begin(), list.end(), is_of_topic));
        };
        ASSERT_EQ(topic, (TopicTotals{{count(live), delivered, dead + count(overdue), spooled, 0, 0, 0},
                                      topic.name}));
      }
      ASSERT_EQ(arena.waiting(), live.size());
      for (const Tenant tenant : tenants) {
        std::set<std::uint32_t> pinned;
        for (const auto& each : live) {
          if (each.tenant == tenant) pinned.insert(arena.chunk_of(each.ticket));
        }
        for (const auto& each : overdue) {
          if (each.tenant == tenant) pinned.insert(arena.chunk_of(each.ticket));
        }
        ASSERT_EQ(arena.pinned_chunks(tenant), pinned.size());
      }
      expect_audit_agrees(arena);
    }
  }
  EXPECT_GT(refused, 0u) << "the arena was never full: the test shows less than it should";
}

}  // namespace
}  // namespace ringpost::daemon
