// Runs that go to disk and blocks that come back: of a queue, of a partition, of a topic.
#include "kafka/blocks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "kafka/murmur2.hpp"
#include "kafka/outbox.hpp"
#include "kafka/topic.hpp"
#include "memory_disk.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::uint32_t kBig = 64 * 1024;

// A topic over a disk; records are r(sequence), their keys k0 to k9.
class BlocksTest : public ::testing::Test {
 protected:
  Entry record(std::uint64_t sequence, const std::string& key, std::uint32_t size_bytes = 100,
               std::int64_t deadline_ns = 0) {
    DiskRecord& record = disk.of(sequence);
    record.key = key;
    record.size_bytes = size_bytes;
    record.deadline_ns = deadline_ns;
    Entry entry;
    entry.ticket = sequence;
    entry.key_hash = positive_murmur2(key);
    entry.size_bytes = size_bytes & Entry::kMaxSizeBytes;
    entry.deadline_ns = deadline_ns == 0 ? kNever : deadline_ns;
    return entry;
  }
  Entry null_key(std::uint64_t sequence) {
    disk.of(sequence).key.reset();
    Entry entry;
    entry.ticket = sequence;
    entry.size_bytes = 100;
    return entry;
  }
  Entry block_of(const std::vector<std::uint64_t>& sequences, bool keyed = true) {
    Entry block;
    block.ticket = disk.put(sequences);
    block.key_hash = keyed ? 0 : Entry::kNoKey;
    block.size_bytes = static_cast<std::uint32_t>(sequences.size()) & Entry::kMaxSizeBytes;
    block.block = 1;
    return block;
  }
  // A key that `partition` of `count` gets.
  static std::string key_of(std::uint32_t partition, std::uint32_t count) {
    for (int i = 0;; ++i) {
      std::string key = "k" + std::to_string(i);
      if (positive_murmur2(key) % count == partition) {
        return key;
      }
    }
  }
  static void learn(Topic& topic, std::int32_t partition_count) {
    topic.facts.state = TopicFacts::State::kExists;
    topic.facts.partition_count = partition_count;
  }
  static std::vector<Ticket> tickets_of(const EntryQueue& queue) {
    std::vector<Ticket> tickets;
    for (std::size_t i = 0; i < queue.size(); ++i) {
      tickets.push_back(queue.at(i).block != 0 ? kBlock : queue.at(i).ticket & ~kFromDisk);
    }
    return tickets;
  }
  static constexpr Ticket kBlock = 999'999;

  MemoryDisk disk;
  Blocks blocks{disk};
  EntryQueue queue;
};

TEST_F(BlocksTest, ARunGoesAndComesBackInItsPlace) {
  for (std::uint64_t i = 0; i < 6; ++i) {
    queue.push_back(record(i, "k", 100, i == 2 ? 500 : 900));
  }
  ASSERT_TRUE(blocks.put_on_disk(queue, 1, 4, 7));
  EXPECT_EQ(tickets_of(queue), (std::vector<Ticket>{0, kBlock, 5}));
  EXPECT_EQ(disk.partitions, std::vector<std::int32_t>{7});
  EXPECT_EQ(queue.at(1).records(), 4U);
  EXPECT_EQ(queue.at(1).deadline_ns, 500) << "the soonest";
  EXPECT_EQ(queue.blocks(), 1U);
  EXPECT_EQ(queue.memory_bytes(), 2 * (100 + Entry::kOverheadBytes));
  EXPECT_TRUE(queue.at(1).keyed());

  const auto change = blocks.bring_back(queue, 1);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->had, 4U);
  EXPECT_EQ(change->given, 4U);
  EXPECT_EQ(tickets_of(queue), (std::vector<Ticket>{0, 1, 2, 3, 4, 5}));
  EXPECT_TRUE(queue.at(1).from_disk());
  EXPECT_EQ(queue.at(1).key_hash, positive_murmur2("k"));
  EXPECT_EQ(queue.at(2).deadline_ns, 500);
  EXPECT_EQ(queue.memory_bytes(), 2 * (100 + Entry::kOverheadBytes));
  EXPECT_EQ(queue.returned_bytes(), 4 * (100 + Entry::kOverheadBytes));
  while (!queue.empty()) {
    queue.take_front();
  }
  EXPECT_EQ(queue.memory_bytes() + queue.returned_bytes() + queue.blocks(), 0U);
}

TEST_F(BlocksTest, WhatCannotGoOrComeStaysAsItIs) {
  queue.push_back(record(0, "k"));
  queue.push_back(record(1, "k"));
  disk.puts_until_full = 0;
  EXPECT_FALSE(blocks.put_on_disk(queue, 0, 2, 0));
  EXPECT_EQ(tickets_of(queue), (std::vector<Ticket>{0, 1}));
  disk.puts_until_full = 1;
  ASSERT_TRUE(blocks.put_on_disk(queue, 0, 2, 0));
  disk.reads_fail = true;
  EXPECT_FALSE(blocks.bring_back(queue, 0));
  EXPECT_EQ(tickets_of(queue), (std::vector<Ticket>{kBlock}));
  disk.reads_fail = false;
  disk.damaged = {{0, true}, {1, true}};
  const auto change = blocks.bring_back(queue, 0);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->given, 0U);
  EXPECT_TRUE(queue.empty());
}

TEST_F(BlocksTest, ARunIsOfOneKindAndEndsInTime) {
  const auto run_of = [this](std::size_t from) { return find_run(queue, from).count; };
  EXPECT_EQ(run_of(0), 0U);
  queue.push_back(record(0, "k"));
  queue.push_back(record(1, "k"));
  queue.push_back(null_key(2));
  queue.push_back(null_key(3));
  Entry suspect = record(4, "k");
  suspect.suspect = 1;
  queue.push_back(suspect);
  queue.push_back(record(5, "k"));
  queue.push_back(block_of({6, 7}));
  queue.push_back(record(8, "k"));
  Entry returned = record(9, "k");
  returned.ticket |= kFromDisk;
  queue.push_back(returned);
  EXPECT_EQ(run_of(0), 2U);
  EXPECT_EQ(run_of(2), 2U) << "null keys by themselves";
  EXPECT_EQ(run_of(4), 1U) << "never a suspect";
  EXPECT_EQ(find_run(queue, 4).first, 5U);
  EXPECT_EQ(find_run(queue, 6).first, 7U);
  EXPECT_EQ(run_of(6), 1U) << "never what is on disk already";
  EXPECT_EQ(run_of(8), 0U);
}

TEST_F(BlocksTest, ARunHasABound) {
  queue.push_back(record(0, "k", Outbox::kRunBytes * 2));
  for (std::uint64_t i = 1; i <= 2 * Outbox::kRunRecords; ++i) {
    queue.push_back(record(i, "k", i < 100 ? kBig : 1));
  }
  EXPECT_EQ(find_run(queue, 0).count, 1U) << "at least one, whatever its size";
  const auto big = find_run(queue, 1);
  EXPECT_EQ(big.count, Outbox::kRunBytes / (kBig + Entry::kOverheadBytes));
  EXPECT_EQ(big.bytes, big.count * (kBig + Entry::kOverheadBytes));
  EXPECT_LE(find_run(queue, 100).bytes, Outbox::kRunBytes);
  while (queue.size() > 5000) {
    queue.take_front();
  }
  EXPECT_LE(find_run(queue, 0).count, Outbox::kRunRecords);
}

TEST_F(BlocksTest, AFixedEntryIsARunOfItsOwnAtTheMost) {
  for (std::uint64_t i = 0; i < 4; ++i) {
    Entry entry = record(i, "k");
    entry.fixed = i < 2 ? 1 : 0;
    queue.push_back(entry);
  }
  EXPECT_EQ(find_run(queue, 0).first, 2U);
  EXPECT_EQ(find_run(queue, 0).count, 2U);
  EXPECT_EQ(find_run(queue, 0, true).count, 1U);
  EXPECT_EQ(find_run(queue, 1, true).count, 1U);
  EXPECT_EQ(find_run(queue, 2, true).count, 2U);
}

TEST_F(BlocksTest, WhatCameBackGoesAgainTheNewestFirst) {
  queue.push_back(block_of({0, 1, 2, 3, 4, 5, 6, 7}));
  for (std::uint64_t i = 0; i < 8; ++i) {
    record(i, "k", kBig);
  }
  ASSERT_TRUE(blocks.bring_back(queue, 0));
  queue.push_back(record(8, "k"));
  disk.puts_until_full = 1;
  blocks.put_back(queue, 3);
  EXPECT_EQ(tickets_of(queue), (std::vector<Ticket>{0, 1, 2, 3, kBlock, 8})) << "the older part has stayed";
  disk.puts_until_full = 9;
  blocks.put_back(queue, 3);
  EXPECT_EQ(tickets_of(queue), (std::vector<Ticket>{kBlock, kBlock, 8}));
  EXPECT_EQ(disk.partitions, (std::vector<std::int32_t>{3, 3}));
}

TEST_F(BlocksTest, NewKeysWaitBehindWhatIsNotPlaced) {
  Topic topic("orders");
  record(0, "a");
  record(1, "b");
  topic.add_block(block_of({0, 1}));
  topic.add(blocks, record(2, "a"));
  EXPECT_EQ(topic.queued, 3U);
  learn(topic, 1);
  disk.reads_fail = true;
  EXPECT_EQ(topic.place(blocks, 5), 5 + kBlockRetryNs);
  topic.add(blocks, record(3, "a"));
  EXPECT_EQ(tickets_of(topic.unassigned), (std::vector<Ticket>{kBlock, 2, 3})) << "though the count is known";
  disk.reads_fail = false;
  EXPECT_EQ(topic.place(blocks, 6), 5 + kBlockRetryNs) << "it waits a while";
  EXPECT_EQ(topic.place(blocks, 5 + kBlockRetryNs), kNever);
  EXPECT_TRUE(topic.unassigned.empty());
  EXPECT_EQ(tickets_of(topic.partitions[0].queue()), (std::vector<Ticket>{0, 1, 2, 3}));
}

TEST_F(BlocksTest, PlacingIsLazyAndGoesOnAsItFlows) {
  Topic topic("orders");
  learn(topic, 2);
  std::uint64_t sequence = 0;
  for (int i = 0; i < 100; ++i) {
    std::vector<std::uint64_t> sequences;
    for (int j = 0; j < 4; ++j) {
      record(sequence, "k" + std::to_string(sequence % 10), kBig);
      sequences.push_back(sequence++);
    }
    topic.add_block(block_of(sequences));
  }
  EXPECT_EQ(topic.place(blocks, 7), 7) << "eight blocks a call";
  EXPECT_EQ(topic.unassigned.size(), 92U);
  for (int i = 0; i < 10; ++i) {
    topic.place(blocks, 7);
  }
  const std::size_t left = topic.unassigned.size();
  EXPECT_EQ(left, 84U) << "4 MiB";
  for (Partition& partition : topic.partitions) {
    while (!partition.queue().empty()) {
      partition.queue().take_front();
    }
  }
  topic.place(blocks, 8);
  EXPECT_EQ(topic.unassigned.size(), left - 8);
}

TEST_F(BlocksTest, OneStuckPartitionDoesNotStopTheOthers) {
  Topic topic("orders");
  learn(topic, 2);
  const std::string stuck_key = key_of(0, 2);
  const std::string key = key_of(1, 2);
  std::uint64_t sequence = 0;
  for (int i = 0; i < 200; ++i) {
    record(sequence, stuck_key, kBig);
    record(sequence + 1, key, kBig);
    topic.add_block(block_of({sequence, sequence + 1}));
    sequence += 2;
  }
  std::vector<Ticket> flowed;
  std::int64_t now_ns = 0;
  for (int turn = 0; turn < 200 && flowed.size() < 200; ++turn) {
    now_ns += kSecondNs / 10;
    topic.place(blocks, now_ns);
    for (Partition& partition : topic.partitions) {
      partition.standstill().turn(!partition.idle(), now_ns);
    }
    for (EntryQueue& flowing = topic.partitions[1].queue(); !flowing.empty();) {
      flowed.push_back(flowing.take_front().ticket & ~kFromDisk);
      topic.partitions[1].standstill().moved();
    }
    EXPECT_LE(topic.partitions[0].queue().returned_bytes(), 6U * 1024 * 1024);
  }
  ASSERT_EQ(flowed.size(), 200U);
  EXPECT_TRUE(std::is_sorted(flowed.begin(), flowed.end()));
  EntryQueue& stuck = topic.partitions[0].queue();
  EXPECT_LE(stuck.returned_bytes(), 1024U * 1024);
  EXPECT_LT(stuck.blocks(), 100U) << "they go together";
  std::uint64_t expected = 0;
  while (!stuck.empty()) {
    if (stuck.front().block != 0) {
      ASSERT_TRUE(blocks.bring_back(stuck, 0));
      continue;
    }
    ASSERT_EQ(stuck.take_front().ticket & ~kFromDisk, expected);
    expected += 2;
  }
  EXPECT_EQ(expected, 400U);
}

TEST_F(BlocksTest, AFallenCountPlacesBlocksAnewAndFixesWhatStandsAmongThem) {
  Topic topic("orders");
  learn(topic, 2);
  topic.place(blocks, 1);
  const std::string even = key_of(0, 2);
  const std::string odd = key_of(1, 2);
  for (std::uint64_t i = 0; i < 8; ++i) {
    topic.add(blocks, record(i, i % 2 == 0 ? even : odd));
  }
  ASSERT_TRUE(blocks.put_on_disk(topic.partitions[0].queue(), 1, 2, 0));  // 2 and 4
  topic.facts.partition_count = 1;
  topic.place_anew_due = true;
  disk.reads_fail = true;
  topic.place_anew(blocks, 10);
  // 0 and 1 have been placed already; the block stops the others.
  EXPECT_EQ(tickets_of(topic.partitions[0].queue()), (std::vector<Ticket>{0, 1}));
  EXPECT_EQ(tickets_of(topic.unassigned), (std::vector<Ticket>{kBlock, 3, 5, 6, 7}));
  EXPECT_EQ(find_run(topic.unassigned, 0).count, 0U) << "6 must not go with 3 before 2 and 4 are placed";
  topic.add(blocks, record(8, even));
  topic.add(blocks, record(9, even));
  EXPECT_EQ(find_run(topic.unassigned, 0).count, 2U) << "what is new may go";
  disk.reads_fail = false;
  topic.place(blocks, 10 + kBlockRetryNs);
  EXPECT_EQ(tickets_of(topic.partitions[0].queue()), (std::vector<Ticket>{0, 1, 2, 4, 3, 5, 6, 7, 8, 9}));
  EXPECT_EQ(find_run(topic.partitions[0].queue(), 4).first, 5U) << "3 stands behind 4, which is newer";
  EXPECT_EQ(find_run(topic.partitions[0].queue(), 4).count, 5U) << "and the others are like any other now";
}

TEST_F(BlocksTest, WhatAPredecessorHasLeftBehindABlockIsFixed) {
  Topic topic("orders");
  topic.add(blocks, record(0, "a"));
  record(1, "b");
  topic.add_block(block_of({1}));
  topic.add(blocks, record(2, "a"));
  topic.inherits = false;
  topic.add(blocks, record(3, "a"));
  EXPECT_EQ(find_run(topic.unassigned, 0).count, 1U);
  EXPECT_EQ(find_run(topic.unassigned, 1).first, 3U);
}

TEST_F(BlocksTest, DamageIsTakenOffTheCounts) {
  Topic topic("orders");
  learn(topic, 1);
  for (std::uint64_t i = 0; i < 3; ++i) {
    record(i, "a");
  }
  disk.damaged = {{1, true}};
  topic.add_block(block_of({0, 1, 2}));
  topic.place(blocks, 1);
  EXPECT_EQ(topic.queued, 2U);
}

TEST(Standstill, LastsSinceTheLatestMoveWhileSomethingWaits) {
  Standstill standstill;
  EXPECT_FALSE(standstill.lasts(kSecondNs, 100 * kSecondNs));
  standstill.turn(true, 100 * kSecondNs);
  EXPECT_FALSE(standstill.lasts(kSecondNs, 100 * kSecondNs + 1));
  standstill.turn(true, 101 * kSecondNs);
  EXPECT_TRUE(standstill.lasts(kSecondNs, 101 * kSecondNs));
  standstill.moved();
  EXPECT_FALSE(standstill.lasts(kSecondNs, 200 * kSecondNs));
  standstill.turn(false, 300 * kSecondNs);
  standstill.turn(true, 400 * kSecondNs);
  EXPECT_FALSE(standstill.lasts(kSecondNs, 400 * kSecondNs)) << "since it has had something to send";
}

}  // namespace
}  // namespace ringpost::kafka
