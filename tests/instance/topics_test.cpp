#include "daemon/instance/topics.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/instance/lanes.hpp"

namespace ringpost::daemon {
namespace {

InstanceConfig config_with(std::vector<std::string> topics) {
  InstanceConfig config;
  config.name = "kafkaid";
  config.topics = std::move(topics);
  config.max_event_size_bytes = 10'000;
  return config;
}

class TopicsTest : public testing::Test {
 protected:
  const std::shared_ptr<Client> client_ = test::make_client(1);
};

TEST_F(TopicsTest, TheBoardAllowsWhatTheConfigurationLists) {
  const InstanceConfig config = config_with({"orders", "crm.*"});
  ipc::InstanceBoardWriter writer("kafkaid");
  Arena arena(1, 10'000);
  Topics topics(config, writer, arena);
  const ipc::InstanceBoardReader reader(writer.memory());

  EXPECT_NE(ipc::look_up_topic(reader.board(), "orders").entry, nullptr);
  EXPECT_TRUE(ipc::look_up_topic(reader.board(), "crm.customers").allowed);
  EXPECT_EQ(ipc::look_up_topic(reader.board(), "crm.customers").entry, nullptr);
  EXPECT_FALSE(ipc::look_up_topic(reader.board(), "crm").allowed);
  EXPECT_FALSE(ipc::look_up_topic(reader.board(), "payments").allowed);
  EXPECT_FALSE(topics.rule("payments", *client_).listed);

  EXPECT_TRUE(topics.rule("crm.customers", *client_).listed);
  EXPECT_NE(ipc::look_up_topic(reader.board(), "crm.customers").entry, nullptr)
      << "met once, it has a place on the board";
}

TEST_F(TopicsTest, EverythingIsAllowedByAStar) {
  const InstanceConfig config = config_with({"*"});
  ipc::InstanceBoardWriter writer("kafkaid");
  Arena arena(1, 10'000);
  Topics topics(config, writer, arena);
  EXPECT_TRUE(ipc::look_up_topic(writer.board(), "anything").allowed);
  EXPECT_TRUE(topics.rule("anything", *client_).listed);
}

TEST_F(TopicsTest, WhatIsLearnedShowsOnTheBoard) {
  const InstanceConfig config = config_with({"orders"});
  ipc::InstanceBoardWriter writer("kafkaid");
  Arena arena(1, 10'000);
  Topics topics(config, writer, arena);
  const ipc::TopicEntry* entry = ipc::look_up_topic(writer.board(), "orders").entry;
  ASSERT_NE(entry, nullptr);

  kafka::TopicFacts facts;
  facts.state = kafka::TopicFacts::State::kMissing;
  topics.learn("orders", facts);
  EXPECT_EQ(entry->flags.load(), ipc::kTopicMissing);

  facts.state = kafka::TopicFacts::State::kExists;
  facts.compacted = true;
  facts.max_message_bytes = 5'000;
  topics.learn("orders", facts);
  EXPECT_EQ(entry->flags.load(), ipc::kTopicCompacted);
  EXPECT_EQ(entry->max_event_bytes.load(), 5'000u - 256u);
  EXPECT_EQ(topics.rule("orders", *client_).max_event_bytes, 5'000u - 256u);

  facts.max_message_bytes = 100;
  topics.learn("orders", facts);
  EXPECT_EQ(topics.rule("orders", *client_).max_event_bytes, 0u);
}

TEST_F(TopicsTest, AClientCannotFillTheBoardWithNamesThatAreNotListed) {
  const InstanceConfig config = config_with({"orders"});
  ipc::InstanceBoardWriter writer("kafkaid");
  Arena arena(1, 10'000);
  Topics topics(config, writer, arena);
  for (int name = 0; name < 10'000; ++name)
    EXPECT_FALSE(topics.rule("t" + std::to_string(name), *client_).listed);
  EXPECT_EQ(writer.board().topic_count.load(), 1u);
}

TEST_F(TopicsTest, AFullBoardStillKnowsItsFirstNames) {
  const InstanceConfig config = config_with({"*"});
  ipc::InstanceBoardWriter writer("kafkaid");
  Arena arena(1, 10'000);
  Topics topics(config, writer, arena);
  for (std::uint32_t name = 0; name < 2 * ipc::kTopicsPerInstanceMax; ++name) {
    const std::string topic = "t" + std::to_string(name);
    ASSERT_TRUE(topics.rule(topic, *client_).listed);
    topics.learn(topic, {.state = kafka::TopicFacts::State::kExists, .max_message_bytes = {}});
  }
  EXPECT_EQ(writer.board().topic_count.load(), ipc::kTopicsPerInstanceMax);
  EXPECT_NE(writer.find("t0"), nullptr);
  EXPECT_NE(writer.find("t4095"), nullptr);
  EXPECT_EQ(writer.find("t4096"), nullptr);
  topics.learn("t5000", {});  // no place on the board: nothing to tell, nothing to crash on
}

// Names that only the pattern allows and that the cluster does not know.
TEST_F(TopicsTest, NamesThatNobodyKnowsAreAQuotaOfTheirClientAndItsUser) {
  InstanceConfig config = config_with({"orders", "crm.*"});
  config.unknown_topics_per_client_max = 3;
  config.unknown_topics_per_user_max = 5;
  ipc::InstanceBoardWriter writer("kafkaid");
  Arena arena(1, 10'000);
  Topics topics(config, writer, arena);
  const auto name = [](int number) { return "crm." + std::to_string(number); };
  for (int number = 0; number < 3; ++number) EXPECT_TRUE(topics.rule(name(number), *client_).listed);
  EXPECT_TRUE(topics.rule(name(3), *client_).over_quota);
  EXPECT_FALSE(topics.rule(name(3), *client_).listed);
  EXPECT_TRUE(topics.rule(name(0), *client_).listed) << "one that is there already costs nothing more";
  EXPECT_TRUE(topics.rule("orders", *client_).listed);

  topics.learn(name(0), {.state = kafka::TopicFacts::State::kMissing, .max_message_bytes = {}});
  EXPECT_TRUE(topics.rule(name(3), *client_).over_quota) << "a missing one stays in the table";
  topics.learn(name(1), {.state = kafka::TopicFacts::State::kExists, .max_message_bytes = {}});
  EXPECT_TRUE(topics.rule(name(3), *client_).listed);

  topics.client_gone(client_->id);
  const auto second = test::make_client(2);
  EXPECT_TRUE(topics.rule(name(10), *second).listed);
  EXPECT_TRUE(topics.rule(name(11), *second).listed);
  EXPECT_TRUE(topics.rule(name(12), *second).over_quota) << "its user had three already";
  EXPECT_EQ(writer.board().topic_count.load(), 8u) << "orders, the pattern, and six names";
}

}  // namespace
}  // namespace ringpost::daemon
