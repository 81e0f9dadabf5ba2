// From add() to the topic and back, with nothing in the way.
#include <algorithm>
#include <set>

#include "kafka/murmur2.hpp"
#include "outbox_fixture.hpp"

namespace ringpost::kafka {
namespace {

TEST_F(OutboxTest, KeyedRecordsArriveOnceAndInOrderPerKey) {
  constexpr int kRecords = 10'000;
  constexpr int kKeys = 97;
  start_cluster({{.name = "orders", .partition_count = 6}});
  start_outbox({"orders"});
  for (int i = 0; i < kRecords; ++i) {
    add("orders", "key" + std::to_string(i % kKeys), std::to_string(i));
    if (i % 500 == 0) {
      turn();
    }
  }
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.delivered_count, kRecords);
  EXPECT_EQ(outbox->counts().producers_created, 1);

  const std::vector<Read> read = read_topic("orders");
  ASSERT_EQ(read.size(), kRecords);
  std::map<std::string, int> latest;
  for (const Read& record : read) {
    const int number = std::stoi(record.message);
    const auto [known, fresh] = latest.try_emplace(*record.key, number);
    EXPECT_TRUE(fresh || known->second + kKeys == number) << *record.key;
    known->second = number;
    EXPECT_EQ(record.partition, static_cast<std::int32_t>(positive_murmur2(*record.key) % 6));
    EXPECT_EQ(owner.records[static_cast<std::size_t>(number)].offset, record.offset);
    EXPECT_EQ(record.timestamp_ms, FakeOwner::kCreateTimeMs + number);
  }
}

}  // namespace
}  // namespace ringpost::kafka
