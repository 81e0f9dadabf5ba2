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

void learn(Topic& topic, std::int32_t partition_count) {
  MemoryDisk owner;  // nothing is on it
  Blocks blocks(owner);
  topic.facts.state = TopicFacts::State::kExists;
  topic.facts.partition_count = partition_count;
  topic.place(blocks, 1);
}

TEST(Topic, KeysWaitForTheCountAndAreThenPlacedInOrder) {
  Topic topic("orders");
  topic.add(keyed(0, 4));
  topic.add(unkeyed(1));
  topic.add(keyed(2, 4));
  EXPECT_EQ(topic.unassigned.size(), 2U);
  learn(topic, 3);
  EXPECT_TRUE(topic.unassigned.empty());
  EXPECT_EQ(topic.unkeyed.size(), 1U) << "a null key chooses at hand-over";
  EXPECT_EQ(topic.partitions[1].queue().size(), 2U);
  EXPECT_EQ(topic.partitions[1].queue().front().ticket, 0U);
  EXPECT_EQ(topic.keyed_outstanding, 2U);
}

TEST(Topic, AGrownCountWaitsForWhatWasPlacedBefore) {
  Topic topic("orders");
  learn(topic, 2);
  topic.add(keyed(0, 3));
  learn(topic, 4);
  ASSERT_EQ(topic.partitions.size(), 4U);
  MemoryDisk owner;
  Blocks blocks(owner);
  topic.add(keyed(1, 3));  // by the new count it would be in partition 3, before 0 of partition 1 is done
  EXPECT_TRUE(topic.keys_wait());
  EXPECT_EQ(topic.unassigned.size(), 1U);
  topic.place(blocks, 1);
  EXPECT_EQ(topic.unassigned.size(), 1U);
  topic.partitions[1].queue().take_front();
  topic.keyed_outstanding = 0;
  topic.place(blocks, 1);
  EXPECT_FALSE(topic.keys_wait());
  EXPECT_EQ(topic.partitions[3].queue().size(), 1U);
}

TEST(Topic, AFallenCountPlacesEverythingAnewInSequenceOrder) {
  Topic topic("orders");
  learn(topic, 4);
  for (Ticket ticket = 0; ticket < 8; ++ticket) {
    topic.add(keyed(ticket, static_cast<std::uint32_t>(ticket)));
  }
  topic.partitions[2].queue().push_front(unkeyed(100));  // one that came back from a window
  topic.facts.partition_count = 2;
  topic.place_anew_due = true;
  topic.add(keyed(8, 0));
  MemoryDisk owner;
  Blocks blocks(owner);
  topic.place_anew(blocks, 1);
  ASSERT_EQ(topic.partitions.size(), 2U);
  EXPECT_EQ(topic.unkeyed.size(), 1U);
  EXPECT_EQ(topic.keyed_outstanding, 9U);
  Ticket expected = 0;
  for (EntryQueue& queue = topic.partitions[0].queue(); !queue.empty(); expected += 2) {
    EXPECT_EQ(queue.take_front().ticket, expected);
  }
  EXPECT_EQ(expected, 10U);
}

TEST(Topic, NullKeysStayForABatchAndThenMoveOn) {
  Topic topic("orders");
  learn(topic, 3);
  std::vector<std::int32_t> changes;
  for (int i = 0; i < 6000; ++i) {
    const std::int32_t id = topic.sticky_partition(100, false).id();
    if (changes.empty() || changes.back() != id) {
      changes.push_back(id);
    }
  }
  EXPECT_EQ(changes, (std::vector<std::int32_t>{0, 1, 2, 0, 1}));
}

TEST(Topic, TheCapAppliesWhereTheLimitIsBelowABatch) {
  Topic topic("orders");
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
