#include "kafka/client_properties.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "kafka/examine.hpp"

namespace ringpost::kafka {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

const ClientIdentity kIdentity{.instance = "kafkaid", .bootstrap_servers = "broker1:9092"};

std::string refusal_of(const Properties& overrides) {
  try {
    make_conf(producer_properties(kIdentity, overrides, 5ms));
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

TEST(ClientProperties, TheTableIsTakenByLibrdkafka) {
  const Properties properties = producer_properties(kIdentity, {}, 7ms);
  EXPECT_NO_THROW(make_conf(properties));
  for (const Property& row : producer_property_table()) {
    EXPECT_EQ(properties.at(std::string(row.name)), row.value);
    EXPECT_FALSE(row.why.empty()) << row.name;
  }
  EXPECT_EQ(properties.at("linger.ms"), "7");
  EXPECT_EQ(properties.at("client.id"), "ringpost-kafkaid");
  EXPECT_EQ(properties.at("bootstrap.servers"), "broker1:9092");
}

TEST(ClientProperties, NoPromiseCanBeOverridden) {
  for (const Property& row : producer_property_table()) {
    const std::string name(row.name);
    EXPECT_EQ(refusal_of({{name, std::string(row.value)}}), "") << "the same value is no change: " << name;
    if (row.fixed) {
      EXPECT_THAT(refusal_of({{name, "1"}}), HasSubstr(name + " is fixed to " + std::string(row.value)));
    }
  }
}

TEST(ClientProperties, NorByItsSecondName) {
  EXPECT_THAT(refusal_of({{"request.required.acks", "1"}}),
              HasSubstr("request.required.acks is fixed to all"));
  EXPECT_THAT(refusal_of({{"delivery.timeout.ms", "1"}}), HasSubstr("fixed to 0"));
  EXPECT_THAT(refusal_of({{"message.send.max.retries", "1"}}), HasSubstr("is fixed"));
  EXPECT_THAT(refusal_of({{"bootstrap.servers", "x:1"}}), HasSubstr("the instance's brokers"));
  EXPECT_THAT(refusal_of({{"transactional.id", "x"}}), HasSubstr("no transactions"));
}

// By whatever name or value, `ringpost check` refuses what a promise of README's would be broken by, and names it.
TEST(ClientProperties, WhatWouldBreakAPromiseIsRefusedWithThePromise) {
  struct Row {
    const char* name;
    const char* value;
    const char* promise;
  };
  for (const Row& row : {
           Row{"enable.idempotence", "false", "no reordering and no duplicates"},
           Row{"enable.gapless.guarantee", "false", "before a follower can overtake"},
           Row{"acks", "0", "an acknowledged event survives the loss of a broker"},
           Row{"acks", "1", "an acknowledged event survives the loss of a broker"},
           Row{"request.required.acks", "0", "an acknowledged event survives the loss of a broker"},
           Row{"partitioner", "random", "same key, same partition, same order"},
           Row{"max.in.flight", "6", "same key, same order"},
           Row{"max.in.flight.requests.per.connection", "1000", "same key, same order"},
           Row{"allow.auto.create.topics", "true", "topics are created by administrators"},
           Row{"message.timeout.ms", "1000", "deadlines are ours"},
           Row{"delivery.timeout.ms", "1000", "deadlines are ours"},
           Row{"queue.buffering.max.messages", "1000", "our windows are the limit"},
           Row{"queue.buffering.max.kbytes", "1000", "far above all windows together"},
           Row{"retries", "3", "retried until it is delivered or refused"},
           Row{"queuing.strategy", "lifo", "same key, same order"},
       }) {
    EXPECT_THAT(refusal_of({{row.name, row.value}}), AllOf(HasSubstr(row.name), HasSubstr(row.promise)));
    EXPECT_THAT(property_problem(row.name, row.value), HasSubstr(row.promise));
  }
  EXPECT_EQ(refusal_of({{"max.in.flight", "1"}}), "") << "fewer break nothing";
}

TEST(ClientProperties, TheRestPassesThrough) {
  const Properties properties = producer_properties(
      kIdentity, {{"compression.type", "zstd"}, {"client.id", "mine"}, {"socket.keepalive.enable", "true"}},
      5ms);
  EXPECT_EQ(properties.at("compression.codec"), "zstd") << "an alias must not stand beside our own";
  EXPECT_FALSE(properties.contains("compression.type"));
  EXPECT_EQ(properties.at("client.id"), "mine");
  EXPECT_EQ(properties.at("socket.keepalive.enable"), "true");
  EXPECT_NO_THROW(make_conf(properties));
}

TEST(ClientProperties, LibrdkafkasOwnWordsAreShown) {
  EXPECT_THAT(refusal_of({{"no.such.property", "1"}}), HasSubstr("no.such.property"));
  EXPECT_THAT(refusal_of({{"socket.timeout.ms", "abc"}}), HasSubstr("socket.timeout.ms"));
}

TEST(ClientProperties, AReaderTakesOnlyTransport) {
  const Properties plain = plain_properties(
      kIdentity,
      {{"security.protocol", "ssl"}, {"sasl.username", "u"}, {"ssl.ca.location", "/x"}, {"linger.ms", "9"}});
  EXPECT_EQ(plain.at("security.protocol"), "ssl");
  EXPECT_EQ(plain.at("sasl.username"), "u");
  EXPECT_EQ(plain.at("ssl.ca.location"), "/x");
  EXPECT_FALSE(plain.contains("linger.ms"));
  EXPECT_EQ(plain.at("allow.auto.create.topics"), "false");
}

}  // namespace
}  // namespace ringpost::kafka
