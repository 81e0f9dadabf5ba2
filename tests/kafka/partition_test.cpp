#include "kafka/partition.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <utility>
#include <vector>

#include "kafka/producer.hpp"
#include "kafka/topic.hpp"

namespace ringpost::kafka {
namespace {

constexpr std::size_t kPlenty = 100'000;

Entry entry_of(Ticket ticket, std::uint32_t size_bytes = 100, std::int64_t deadline_ns = kNever) {
  Entry entry;
  entry.ticket = ticket;
  entry.key_hash = 1;
  entry.size_bytes = size_bytes & Entry::kMaxSizeBytes;
  entry.deadline_ns = deadline_ns;
  return entry;
}

std::vector<Ticket> drain(EntryQueue& queue) {
  std::vector<Ticket> tickets;
  while (!queue.empty()) {
    tickets.push_back(queue.take_front().ticket);
  }
  return tickets;
}

std::size_t return_all(Partition& partition) {
  std::vector<Entry> overdue;
  return partition.return_window(overdue);
}

TEST(EntryQueue, EndsWhatIsPastItsDeadlineInOrder) {
  EntryQueue queue;
  constexpr std::int64_t kMs = 1'000'000;
  for (const std::int64_t deadline_ms : {300, 100, 200, 900}) {
    queue.push_back(entry_of(static_cast<Ticket>(deadline_ms), 1, deadline_ms * kMs));
  }
  queue.push_back(entry_of(1));  // without a deadline
  EXPECT_EQ(queue.earliest_deadline_ns(), 100 * kMs);
  std::vector<Ticket> ended;
  const auto end = [&ended](const Entry& entry) { ended.push_back(entry.ticket); };
  queue.expire(99 * kMs, end);
  EXPECT_TRUE(ended.empty());
  queue.expire(300 * kMs, end);
  EXPECT_EQ(ended, (std::vector<Ticket>{300, 100, 200}));
  EXPECT_EQ(queue.earliest_deadline_ns(), 900 * kMs);
  EXPECT_EQ(drain(queue), (std::vector<Ticket>{900, 1}));
  EXPECT_EQ(queue.earliest_deadline_ns(), kNever);
}

TEST(EntryQueue, ALongQueueIsNotWalkedForEachOfItsRecords) {
  EntryQueue queue;
  for (std::int64_t i = 0; i < 1000; ++i) {
    queue.push_back(entry_of(static_cast<Ticket>(i), 1, 1'000'000 + i));
  }
  queue.expire(1'000'000, [](const Entry& /*entry*/) {});
  EXPECT_GE(queue.earliest_deadline_ns(), 1'000'000 + 50'000'000) << "at most 50 ms late";
}

TEST(Partition, WindowHoldsItsLimitAndAnEmptyOneTakesAnything) {
  Partition partition(3);
  const Entry huge = entry_of(0, WindowLimit::kMaxBytes * 2);
  ASSERT_TRUE(partition.has_room(huge, kPlenty, Topic::kNoCap));
  partition.enter(huge, 1);
  EXPECT_FALSE(partition.has_room(entry_of(1), kPlenty, Topic::kNoCap));
}

TEST(Partition, ATopicsSmallLimitBoundsTheWindow) {
  Partition partition(0);
  partition.enter(entry_of(0, 1000), 1);
  EXPECT_TRUE(partition.has_room(entry_of(1, 1000), kPlenty, 10'240));
  EXPECT_FALSE(partition.has_room(entry_of(1, 9'500), kPlenty, 10'240));
}

TEST(Partition, TakesOnlyAShareOfWhatIsFree) {
  Partition partition(0);
  for (Ticket ticket = 0; ticket < 40; ++ticket) {
    partition.enter(entry_of(ticket, 1), 1);
  }
  EXPECT_TRUE(partition.has_room(entry_of(41, 1), 1000, Topic::kNoCap));
  EXPECT_FALSE(partition.has_room(entry_of(41, 1), 100, Topic::kNoCap));
}

TEST(Partition, ReturnsWhatIsNotDoneInOrder) {
  Partition partition(0);
  partition.queue().push_back(entry_of(5));
  for (Ticket ticket = 0; ticket < 5; ++ticket) {
    partition.enter(entry_of(ticket, 100, 12345), 1);
  }
  partition.finish(*partition.find(0));
  partition.finish(*partition.find(2));  // out of order: it waits for 1 in the window, and must not come back
  EXPECT_EQ(partition.find(0), nullptr);
  EXPECT_EQ(partition.find(2), nullptr);
  std::vector<Entry> overdue;
  EXPECT_EQ(partition.return_window(overdue), 3U);
  EXPECT_TRUE(overdue.empty());
  EXPECT_TRUE(partition.window_empty());
  EXPECT_EQ(partition.queue().front().deadline_ns, 12345) << "it goes on";
  EXPECT_EQ(partition.queue().front().tried, 1U) << "it may have arrived";
  EXPECT_EQ(drain(partition.queue()), (std::vector<Ticket>{1, 3, 4, 5}));
}

TEST(Partition, AReportOfTheFormerProducerFindsNothing) {
  Partition partition(0);
  partition.enter(entry_of(0), 1);
  EXPECT_EQ(return_all(partition), 1U);
  EXPECT_EQ(partition.find(0), nullptr);
  const std::uint64_t position = partition.next_position();
  partition.enter(partition.queue().take_front(), 1);
  EXPECT_NE(partition.find(position & RecordTag::kPositionMask), nullptr);
}

TEST(Partition, ASuspectGoesAlone) {
  Partition partition(0);
  for (Ticket ticket = 0; ticket < 3; ++ticket) {
    partition.enter(entry_of(ticket), 1);
  }
  partition.suspect(*partition.find(1));
  ASSERT_EQ(return_all(partition), 3U);
  EXPECT_TRUE(partition.has_suspects());
  partition.enter(partition.queue().take_front(), 1);  // 0, innocent
  EXPECT_FALSE(partition.has_room(partition.queue().front(), kPlenty, Topic::kNoCap)) << "1 waits for 0";
  partition.finish(*partition.find(partition.next_position() - 1));
  ASSERT_TRUE(partition.has_room(partition.queue().front(), kPlenty, Topic::kNoCap));
  partition.enter(partition.queue().take_front(), 1);
  EXPECT_FALSE(partition.has_room(partition.queue().front(), kPlenty, Topic::kNoCap)) << "2 waits for 1";
  partition.finish(*partition.find(partition.next_position() - 1));
  EXPECT_FALSE(partition.has_suspects());
}

TEST(Partition, AfterARecreationOneBatchUntilItIsAcknowledged) {
  Partition partition(0);
  partition.enter(entry_of(0), 1);
  return_all(partition);
  const std::uint64_t position = partition.next_position();
  partition.enter(entry_of(0, Partition::kProvingBytes - 1000), 1);
  EXPECT_FALSE(partition.has_room(entry_of(1, 2000), kPlenty, Topic::kNoCap));
  Entry& entry = *partition.find(position);
  partition.acknowledge(entry, position, 1000);
  partition.finish(entry);
  partition.enter(entry_of(1, Partition::kProvingBytes), 2000);
  EXPECT_TRUE(partition.has_room(entry_of(2, 2000), kPlenty, Topic::kNoCap));
}

// A partition that acknowledges `rate` bytes a second after `round_trip`, fed as fast as the limit allows.
std::uint32_t settled_limit(double bytes_per_ms, std::int64_t round_trip_ms) {
  WindowLimit limit;
  constexpr std::uint32_t kRecordBytes = 1000;
  std::deque<std::pair<std::uint64_t, std::int64_t>> inside;  // position, ready at
  std::uint64_t position = 0;
  double allowance = 0;
  for (std::int64_t ms = 1; ms < 60'000; ++ms) {
    const std::int64_t now_ns = ms * 1'000'000;
    allowance = std::min(allowance + bytes_per_ms, 10.0 * bytes_per_ms + kRecordBytes);
    while (!inside.empty() && inside.front().second <= ms && allowance >= kRecordBytes) {
      limit.acknowledged(inside.front().first, kRecordBytes, now_ns);
      inside.pop_front();
      allowance -= kRecordBytes;
    }
    while ((inside.size() + 1) * kRecordBytes <= limit.bytes()) {
      limit.handed(position, now_ns);
      inside.emplace_back(position++, ms + round_trip_ms);
    }
    limit.blocked();
  }
  return limit.bytes();
}

TEST(WindowLimit, FollowsRateTimesRoundTripWithinBounds) {
  // 2 kB on the way: little to hold. The smallest window is itself some round trips long.
  EXPECT_LE(settled_limit(200, 10), 2 * WindowLimit::kMinBytes);
  EXPECT_EQ(settled_limit(200'000, 100), WindowLimit::kMaxBytes);  // 20 MB on the way: the bound
  const std::uint32_t middle = settled_limit(20'000, 50);          // 1 MB on the way
  EXPECT_GT(middle, 1'000'000U);
  EXPECT_LT(middle, 6'000'000U);
}

// One batch a round trip at most, which waits for its linger unless it is full.
TEST(WindowLimit, NeverFallsBelowWhatFillsABatch) {
  constexpr std::uint32_t kRecordBytes = 1000;
  constexpr std::uint32_t kBatchRecords = 524;  // batch.size
  constexpr std::int64_t kLingerMs = 5;
  constexpr std::int64_t kRoundTripMs = 2;
  WindowLimit limit;
  std::uint64_t position = 0;
  std::int64_t ms = 1;
  for (int trip = 0; trip < 2'000; ++trip) {
    const std::uint32_t records = limit.bytes() / kRecordBytes;
    for (std::uint32_t record = 0; record < records; ++record)
      limit.handed(position + record, ms * 1'000'000);
    limit.blocked();
    // Now and then a machine has other things to do: the rate falls, and comes back.
    const std::int64_t delay_ms = trip % 100 < 10 ? 20 : 0;
    ms += kRoundTripMs + delay_ms + (records < kBatchRecords ? kLingerMs : 0);
    for (std::uint32_t record = 0; record < records; ++record)
      limit.acknowledged(position + record, kRecordBytes, ms * 1'000'000);
    position += records;
    if (trip % 100 == 99) {
      EXPECT_GT(limit.bytes(), kBatchRecords * kRecordBytes) << "after " << trip;
    }
  }
}

TEST(WindowLimit, APauseSaysNothingAboutTheRate) {
  WindowLimit limit;
  std::uint64_t position = 0;
  std::int64_t ms = 1;
  const auto run = [&](int trips) {
    for (int trip = 0; trip < trips; ++trip) {
      const std::uint32_t records = limit.bytes() / 1000;
      for (std::uint32_t record = 0; record < records; ++record)
        limit.handed(position + record, ms * 1'000'000);
      limit.blocked();
      ms += 25;
      for (std::uint32_t record = 0; record < records; ++record)
        limit.acknowledged(position + record, 1000, ms * 1'000'000);
      position += records;
    }
  };
  run(20);
  const std::uint32_t before = limit.bytes();
  ASSERT_GT(before, 2 * WindowLimit::kMinBytes);
  ms += 5'000;
  run(1);
  EXPECT_GE(limit.bytes(), before / 2);
}

}  // namespace
}  // namespace ringpost::kafka
