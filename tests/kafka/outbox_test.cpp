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

TEST_F(OutboxTest, HeadersArriveAsTheyWereWithTheIdLast) {
  start_cluster({{.name = "orders", .partition_count = 1}});
  start_outbox({"orders"});
  const std::string binary("\0\xff\x01", 3);
  const std::vector<OwnedHeader> headers = {
      {"b", "2"}, {"a", "1"}, {"a", "again"}, {"empty", ""}, {"null", std::nullopt}, {"binary", binary}};
  add("orders", "k", "{}", headers);
  add("orders", "k", "{}");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  const std::vector<Read> read = read_topic("orders");
  ASSERT_EQ(read.size(), 2U);
  std::vector<OwnedHeader> expected = headers;
  expected.emplace_back("ringpost-id", "test-0");
  EXPECT_EQ(read[0].headers, expected);
  EXPECT_EQ(read[1].headers, (std::vector<OwnedHeader>{{"ringpost-id", "test-1"}}));
}

TEST_F(OutboxTest, NoIdHeaderWhenItIsSwitchedOff) {
  start_cluster({{.name = "orders", .partition_count = 1}});
  OutboxConfig config = config_for(cluster->bootstrap_servers(), {"orders"});
  config.id_prefix.clear();
  outbox = std::make_unique<Outbox>(config, owner);
  add("orders", "k", "{}");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_TRUE(read_topic("orders").at(0).headers.empty());
}

TEST_F(OutboxTest, AnEmptyKeyIsAKeyAndANullKeyIsNone) {
  start_cluster({{.name = "orders", .partition_count = 6}});
  start_outbox({"orders"});
  add("orders", "", "1");
  add("orders", std::nullopt, "2");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.records[0].partition, static_cast<std::int32_t>(positive_murmur2("") % 6));
  std::vector<Read> read = read_topic("orders");
  ASSERT_EQ(read.size(), 2U);
  std::sort(read.begin(), read.end(), [](const Read& a, const Read& b) { return a.message < b.message; });
  EXPECT_EQ(read[0].key, "");
  EXPECT_EQ(read[1].key, std::nullopt);
}

TEST_F(OutboxTest, NullKeysSpreadOverThePartitions) {
  start_cluster({{.name = "orders", .partition_count = 3}});
  start_outbox({"orders"});
  const std::string message = "\"" + std::string(998, 'x') + "\"";
  for (int i = 0; i < 1000; ++i) {
    add("orders", std::nullopt, message);
  }
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  std::map<std::int32_t, int> count;
  for (const OwnedRecord& record : owner.records) {
    ++count[record.partition];
  }
  EXPECT_EQ(count.size(), 3U);
  for (const auto& [partition, records] : count) {
    EXPECT_GT(records, 200) << partition;
  }
}

TEST_F(OutboxTest, TellsWhatItKnowsOfTheTopics) {
  start_cluster({{.name = "orders", .partition_count = 6}, {.name = "crm.events", .partition_count = 2}});
  start_outbox({"orders"});
  outbox->confirm_topic("crm.events");
  ASSERT_TRUE(turn_until([this] { return owner.facts.size() == 2; }));
  EXPECT_EQ(owner.facts["orders"].state, TopicFacts::State::kExists);
  EXPECT_EQ(owner.facts["orders"].partition_count, 6);
  EXPECT_EQ(owner.facts["crm.events"].partition_count, 2);
  const int told = owner.facts_count;
  outbox->confirm_topic("crm.events");  // known already: said again
  ASSERT_TRUE(turn_until([&] { return owner.facts_count == told + 1; }));
}

TEST_F(OutboxTest, AnUnknownTopicIsParkedAndThenMissing) {
  start_cluster({{.name = "orders", .partition_count = 1}});
  start_outbox({"orders"});
  add("no.such.topic", "k", "1");
  add("no.such.topic", std::nullopt, "2");
  add("orders", "k", "3");
  ASSERT_TRUE(turn_until([this] { return owner.delivered_count == 1; }));
  EXPECT_EQ(owner.dead_count, 0U) << "parked until the topic has had time to appear";
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.facts["no.such.topic"].state, TopicFacts::State::kMissing);
  for (const Ticket ticket : {0U, 1U}) {
    EXPECT_EQ(owner.records[ticket].dead, DeadReason::kUnknownTopic);
    EXPECT_EQ(owner.records[ticket].handed, 0);
  }
  EXPECT_EQ(outbox->counts().producers_created, 1U);
}

TEST_F(OutboxTest, ATopicThatAppearsInTimeGetsWhatWasParked) {
  start_cluster({{.name = "orders", .partition_count = 1}});
  start_outbox({"orders"});
  add("late", "k", "1");
  add("late", "k", "2");
  add("orders", "k", "3");
  ASSERT_TRUE(turn_until([this] { return owner.delivered_count == 1; }));
  cluster->create_topic({.name = "late", .partition_count = 2});
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  EXPECT_EQ(owner.delivered_count, 3U);
  const std::vector<Read> read = read_topic("late");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].message, "1");
}

TEST_F(OutboxTest, ARefusedPropertyIsNamed) {
  OutboxConfig config = config_for("127.0.0.1:1", {});
  config.properties["sasl.mechanism"] = "NONSENSE";
  config.properties["security.protocol"] = "sasl_plaintext";
  EXPECT_THROW(Outbox(config, owner), std::invalid_argument);
  config.properties = {{"acks", "1"}};
  EXPECT_THROW(Outbox(config, owner), std::invalid_argument);
}

TEST_F(OutboxTest, LibrdkafkaIsNewEnough) {
  const std::string version = librdkafka_version();
  EXPECT_GE(std::stoi(version), 2);
  EXPECT_GE(std::stoi(version.substr(version.find('.') + 1)), 12) << version;
}

}  // namespace
}  // namespace ringpost::kafka
