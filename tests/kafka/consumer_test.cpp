#include "kafka/consumer.hpp"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

#include "outbox_fixture.hpp"

namespace ringpost::kafka {
namespace {

class ConsumerTest : public OutboxTest {
 protected:
  void SetUp() override {
    start_cluster({{.name = "orders", .partition_count = 3}, {.name = "empty", .partition_count = 3}});
    start_outbox({"orders"});
    for (int i = 0; i < 30; ++i) {
      add("orders", "key" + std::to_string(i), std::to_string(i));
    }
    ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  }

  ConsumerConfig consumer_config(const std::string& topic) {
    ConsumerConfig config;
    config.instance = "kafkaid";
    config.bootstrap_servers = cluster->bootstrap_servers();
    config.topic = topic;
    config.until_end = true;
    return config;
  }

  static std::set<std::string> read_all(Consumer& consumer) {
    std::set<std::string> messages;
    ConsumedRecord record;
    for (int tries = 0; tries < 60; ++tries) {
      const Consumer::Next next = consumer.next(record, 1s);
      if (next == Consumer::Next::kEnd) {
        return messages;
      }
      if (next == Consumer::Next::kRecord) {
        EXPECT_TRUE(messages.emplace(*record.message).second) << "read twice: " << *record.message;
      }
    }
    ADD_FAILURE() << "no end: " << consumer.error();
    return messages;
  }
};

TEST_F(ConsumerTest, ReadsEverythingFromTheBeginning) {
  Consumer consumer(consumer_config("orders"));
  EXPECT_EQ(read_all(consumer).size(), 30U);
}

TEST_F(ConsumerTest, AnEmptyTopicIsAtItsEnd) {
  Consumer consumer(consumer_config("empty"));
  EXPECT_TRUE(read_all(consumer).empty());
}

TEST_F(ConsumerTest, FromAnOffsetInEachPartition) {
  ConsumerConfig config = consumer_config("orders");
  config.from = ConsumerConfig::From::kOffset;
  config.offset = 1;
  Consumer consumer(config);
  EXPECT_EQ(read_all(consumer).size(), 27U) << "three partitions without their first record";
}

TEST_F(ConsumerTest, FromTheEndOnlyWhatIsNew) {
  ConsumerConfig config = consumer_config("orders");
  config.from = ConsumerConfig::From::kEnd;
  config.until_end = false;
  Consumer consumer(config);
  ConsumedRecord record;
  EXPECT_EQ(consumer.next(record, 2s),
            Consumer::Next::kNothingYet);  // and is at the end of each partition now
  add("orders", "key", "\"new\"");
  ASSERT_TRUE(turn_until([this] { return all_ended(); }));
  Consumer::Next next = Consumer::Next::kNothingYet;
  for (int tries = 0; tries < 60 && next == Consumer::Next::kNothingYet; ++tries) {
    next = consumer.next(record, 1s);
  }
  ASSERT_EQ(next, Consumer::Next::kRecord);
  EXPECT_EQ(record.message, "\"new\"");
}

TEST_F(ConsumerTest, AMissingTopicIsSaid) {
  try {
    Consumer consumer(consumer_config("no.such.topic"));
    FAIL() << "there is no such topic";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("no.such.topic"), std::string::npos) << error.what();
  }
}

TEST_F(ConsumerTest, NoBrokerIsSaid) {
  ConsumerConfig config = consumer_config("orders");
  config.bootstrap_servers = "127.0.0.1:1";
  config.connect_timeout = 300ms;
  try {
    Consumer consumer(config);
    FAIL() << "nobody is there";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("127.0.0.1:1"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace ringpost::kafka
