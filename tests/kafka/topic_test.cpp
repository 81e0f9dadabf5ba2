#include "kafka/topic.hpp"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "memory_disk.hpp"

namespace ringpost::kafka {
namespace {

Entry keyed(Ticket ticket, std::uint32_t key_hash) {
  Entry entry;
  entry.ticket = ticket;
  entry.key_hash = key_hash;
  entry.size_bytes = 100;
  return entry;
}

Entry unkeyed(Ticket ticket) { return keyed(ticket, Entry::kNoKey); }

struct TopicTest : testing::Test {
  void learn(std::int32_t partition_count) {
    topic.facts.state = TopicFacts::State::kExists;
    topic.facts.partition_count = partition_count;
    topic.place(blocks, 1);
  }
  void add(const Entry& entry) { topic.add(blocks, entry); }
  std::vector<Ticket> tickets_of(std::size_t partition) const {
    const EntryQueue& queue = topic.partitions[partition].queue();
    std::vector<Ticket> tickets;
    for (std::size_t i = 0; i < queue.size(); ++i) tickets.push_back(queue.at(i).ticket);
    return tickets;
  }
  // The first `count` of what waits goes into the window; the first of the window is delivered.
  void enter(std::size_t partition, int count) {
    for (; count != 0; --count) {
      topic.partitions[partition].enter(topic.partitions[partition].queue().take_front(), 1);
    }
  }
  void deliver(std::size_t index, std::uint64_t position) {
    Partition& partition = topic.partitions[index];
    Entry& entry = *partition.find(position);
    partition.acknowledge(entry, position, 1);
    partition.finish(entry);
    topic.place(blocks, 1);
  }

  MemoryDisk disk;
  Blocks blocks{disk};
  Topic topic{"orders"};
};

TEST_F(TopicTest, KeysWaitForTheCountAndAreThenPlacedInOrder) {
  add(keyed(0, 4));
  add(unkeyed(1));
  add(keyed(2, 4));
  EXPECT_EQ(topic.unassigned.size(), 2U);
  learn(3);
  EXPECT_TRUE(topic.unassigned.empty());
  EXPECT_EQ(topic.unkeyed.size(), 1U) << "a null key chooses at hand-over";
  EXPECT_EQ(topic.partitions[1].queue().size(), 2U);
  EXPECT_EQ(topic.partitions[1].queue().front().ticket, 0U);
}

// Of two partitions there are four now: 0 and 1 stay where they are, 2 and 3 were in 0 and 1.
TEST_F(TopicTest, WhenTheCountGrowsAKeyThatLeavesWaitsForItsFormerPartitionAlone) {
  learn(2);
  add(keyed(0, 2));
  add(keyed(1, 3));
  learn(4);
  ASSERT_EQ(topic.partitions.size(), 4U);
  add(keyed(2, 0));
  add(keyed(3, 2));
  add(keyed(4, 1));
  add(keyed(5, 3));
  add(keyed(6, 3));
  EXPECT_EQ(tickets_of(0), (std::vector<Ticket>{0, 2})) << "its partition is the same";
  EXPECT_EQ(tickets_of(1), (std::vector<Ticket>{1, 4}));
  EXPECT_EQ(topic.partitions[0].leaving().size(), 1U);
  EXPECT_EQ(topic.partitions[1].leaving().size(), 2U);

  // Partition 0 is stuck; 1 is not, and what it has got since does not count.
  enter(1, 2);
  deliver(1, 0);
  EXPECT_EQ(tickets_of(3), (std::vector<Ticket>{5, 6}));
  EXPECT_EQ(tickets_of(2), std::vector<Ticket>{});
  add(keyed(7, 3));
  EXPECT_EQ(tickets_of(3), (std::vector<Ticket>{5, 6, 7}));
  EXPECT_TRUE(topic.has_to_place());

  enter(0, 2);
  topic.partitions[0].find(1)->tried = 1;
  topic.place(blocks, 1);
  EXPECT_EQ(tickets_of(2), std::vector<Ticket>{}) << "what is inside is not done";
  deliver(0, 0);
  EXPECT_EQ(tickets_of(2), std::vector<Ticket>{3});
  EXPECT_FALSE(topic.has_to_place());
}

// Null keys enter a window whenever it has room, before older records of the queue, too.
TEST_F(TopicTest, ANullKeyInsideSaysNothingOfWhatWaitsBehindIt) {
  learn(1);
  add(keyed(0, 1));
  learn(2);
  topic.partitions[0].enter(unkeyed(1), 1);
  add(keyed(2, 1));
  topic.place(blocks, 1);
  EXPECT_EQ(tickets_of(1), std::vector<Ticket>{});
  topic.partitions[0].queue().take_front();
  topic.place(blocks, 1);
  EXPECT_EQ(tickets_of(1), std::vector<Ticket>{2});
}

// A run on disk goes by its first record's sequence: what has left its partition is older than what was there before it.
TEST_F(TopicTest, WhatHasLeftItsPartitionIsInNoRunWithWhatIsNewer) {
  learn(2);
  add(keyed(0, 2));
  learn(3);
  add(keyed(1, 2));
  add(keyed(2, 2));
  add(keyed(3, 5));  // in 1, and now in 2
  topic.partitions[0].queue().take_front();
  topic.place(blocks, 1);
  EXPECT_EQ(tickets_of(2), (std::vector<Ticket>{3, 1, 2}));
  EXPECT_EQ(find_run(topic.partitions[2].queue(), 0).count, 1U);
  EXPECT_EQ(find_run(topic.partitions[2].queue(), 1).count, 0U) << "1 and 2 are older than 3";
}

TEST_F(TopicTest, AnotherGrowthBeginsWhenTheFirstIsOver) {
  learn(1);
  add(keyed(0, 3));
  learn(2);
  add(keyed(1, 3));
  learn(4);
  add(keyed(2, 3));
  EXPECT_EQ(topic.key_count, 2);
  topic.partitions[0].queue().take_front();
  topic.place(blocks, 1);
  EXPECT_EQ(tickets_of(1), (std::vector<Ticket>{1, 2}));
  topic.place(blocks, 1);
  EXPECT_EQ(topic.key_count, 4);
  add(keyed(3, 3));
  EXPECT_EQ(tickets_of(3), std::vector<Ticket>{});
  topic.partitions[1].queue().take_front();
  topic.partitions[1].queue().take_front();
  topic.place(blocks, 1);
  EXPECT_EQ(tickets_of(3), std::vector<Ticket>{3});
}

TEST_F(TopicTest, ACountThatFallsWhileKeysLeavePlacesThemAnewToo) {
  learn(1);
  add(keyed(0, 3));
  learn(2);
  add(keyed(1, 3));
  add(keyed(2, 2));
  topic.facts.partition_count = 1;
  topic.place_anew_due = true;
  topic.place_anew(blocks, 1);
  EXPECT_EQ(tickets_of(0), (std::vector<Ticket>{0, 1, 2}));
  EXPECT_FALSE(topic.has_to_place());
}

TEST_F(TopicTest, AFallenCountPlacesEverythingAnewInSequenceOrder) {
  learn(4);
  for (Ticket ticket = 0; ticket < 8; ++ticket) {
    add(keyed(ticket, static_cast<std::uint32_t>(ticket)));
  }
  topic.partitions[2].queue().push_front(unkeyed(100));  // one that came back from a window
  topic.facts.partition_count = 2;
  topic.place_anew_due = true;
  add(keyed(8, 0));
  topic.place_anew(blocks, 1);
  ASSERT_EQ(topic.partitions.size(), 2U);
  EXPECT_EQ(topic.unkeyed.size(), 1U);
  Ticket expected = 0;
  for (EntryQueue& queue = topic.partitions[0].queue(); !queue.empty(); expected += 2) {
    EXPECT_EQ(queue.take_front().ticket, expected);
  }
  EXPECT_EQ(expected, 10U);
}

TEST_F(TopicTest, NullKeysStayForABatchAndThenMoveOn) {
  learn(3);
  std::vector<std::int32_t> changes;
  for (int i = 0; i < 6000; ++i) {
    const std::int32_t id = topic.sticky_partition(100, false).id();
    if (changes.empty() || changes.back() != id) {
      changes.push_back(id);
    }
  }
  EXPECT_EQ(changes, (std::vector<std::int32_t>{0, 1, 2, 0, 1}));
}

TEST_F(TopicTest, TheCapAppliesWhereTheLimitIsBelowABatch) {
  EXPECT_EQ(topic.cap_bytes(524'288), Topic::kNoCap);
  topic.facts.max_message_bytes = 1'048'588;
  EXPECT_EQ(topic.cap_bytes(524'288), Topic::kNoCap);
  topic.facts.max_message_bytes = 10'240;
  EXPECT_EQ(topic.cap_bytes(524'288), 10'240U);
  topic.learnt_cap_bytes = 5000;
  EXPECT_EQ(topic.cap_bytes(524'288), 5000U);
}

TEST(TopicBelief, OneNoIsNotBelieved) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  TopicBelief belief;
  EXPECT_TRUE(belief.due(0));
  belief.asked();
  EXPECT_FALSE(belief.due(kSecond));
  EXPECT_FALSE(belief.answered_missing(kSecond));
  EXPECT_EQ(belief.next_ask_ns(), kSecond + TopicBelief::kAskAgainNs);
  EXPECT_FALSE(belief.answered_missing(3 * kSecond));
  EXPECT_TRUE(belief.answered_missing(4 * kSecond));
  EXPECT_EQ(belief.next_ask_ns(), 4 * kSecond + TopicBelief::kMissingNs) << "it may be created";
}

TEST(TopicBelief, ATopicThatExistedTakesLonger) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  TopicBelief belief;
  belief.answered_exists(kSecond);
  EXPECT_FALSE(belief.answered_missing(2 * kSecond));
  EXPECT_FALSE(belief.answered_missing(2 * kSecond + TopicBelief::kPropagationNs));
  belief.answered_exists(6 * kSecond);  // it was stale
  EXPECT_FALSE(belief.answered_missing(7 * kSecond));
  belief.failed(8 * kSecond);  // says nothing
  EXPECT_TRUE(belief.answered_missing(7 * kSecond + TopicBelief::kDeletionNs));
}

}  // namespace
}  // namespace ringpost::kafka
