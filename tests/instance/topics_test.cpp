#include "daemon/instance/topics.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ringpost::daemon {
namespace {

InstanceConfig config_with(std::vector<std::string> topics) {
  InstanceConfig config;
  config.name = "kafkaid";
  config.topics = std::move(topics);
  config.max_event_size_bytes = 10'000;
  return config;
}

TEST(Topics, TheBoardAllowsWhatTheConfigurationLists) {
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
  EXPECT_FALSE(topics.rule("payments").listed);

  EXPECT_TRUE(topics.rule("crm.customers").listed);
  EXPECT_NE(ipc::look_up_topic(reader.board(), "crm.customers").entry, nullptr)
      << "met once, it has a place on the board";
}

TEST(Topics, EverythingIsAllowedByAStar) {
  const InstanceConfig config = config_with({"*"});
  ipc::InstanceBoardWriter writer("kafkaid");
  Arena arena(1, 10'000);
  Topics topics(config, writer, arena);
  EXPECT_TRUE(ipc::look_up_topic(writer.board(), "anything").allowed);
  EXPECT_TRUE(topics.rule("anything").listed);
}

TEST(Topics, WhatIsLearnedShowsOnTheBoard) {
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
  EXPECT_EQ(topics.rule("orders").max_event_bytes, 5'000u - 256u);

  facts.max_message_bytes = 100;
  topics.learn("orders", facts);
  EXPECT_EQ(topics.rule("orders").max_event_bytes, 0u);
}

TEST(Topics, AClientCannotFillTheBoardWithNamesThatAreNotListed) {
  const InstanceConfig config = config_with({"orders"});
  ipc::InstanceBoardWriter writer("kafkaid");
  Arena arena(1, 10'000);
  Topics topics(config, writer, arena);
  for (int name = 0; name < 10'000; ++name) EXPECT_FALSE(topics.rule("t" + std::to_string(name)).listed);
  EXPECT_EQ(writer.board().topic_count.load(), 1u);
}

TEST(Topics, AFullBoardStillKnowsItsFirstNames) {
  const InstanceConfig config = config_with({"*"});
  ipc::InstanceBoardWriter writer("kafkaid");
  Arena arena(1, 10'000);
  Topics topics(config, writer, arena);
  for (std::uint32_t name = 0; name < 2 * ipc::kTopicsPerInstanceMax; ++name) {
    ASSERT_TRUE(topics.rule("t" + std::to_string(name)).listed);
  }
  EXPECT_EQ(writer.board().topic_count.load(), ipc::kTopicsPerInstanceMax);
  EXPECT_NE(writer.find("t0"), nullptr);
  EXPECT_NE(writer.find("t4095"), nullptr);
  EXPECT_EQ(writer.find("t4096"), nullptr);
  topics.learn("t5000", {});  // no place on the board: nothing to tell, nothing to crash on
}

}  // namespace
}  // namespace ringpost::daemon
