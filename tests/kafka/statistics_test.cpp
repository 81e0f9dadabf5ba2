#include "kafka/statistics.hpp"

#include <gtest/gtest.h>

namespace ringpost::kafka {
namespace {

std::string broker(const char* name, const char* source, const char* state) {
  return std::string("\"") + name + R"(":{"name":")" + name + R"(","source":")" + source + R"(","state":")" +
         state + "\"}";
}

TEST(Statistics, CountsConnectionsByState) {
  StatisticsReader reader;
  BrokerStates states;
  const std::string text =
      R"({"name":"x","brokers":{)" + broker("a:1/1", "learned", "UP") + "," +
      broker("b:1/bootstrap", "configured", "INIT") + "," + broker("c:1/3", "learned", "DOWN") + "," +
      broker("d:1/4", "learned", "TRY_CONNECT") + "," + broker(":0/internal", "internal", "INIT") + "," +
      broker("Group", "logical", "UP") + R"(},"topics":{}})";
  ASSERT_TRUE(reader.read(text, states));
  EXPECT_EQ(states.up, 1);
  EXPECT_EQ(states.idle, 1);
  EXPECT_EQ(states.struggling, 2);
}

TEST(Statistics, OtherTextChangesNothing) {
  StatisticsReader reader;
  BrokerStates states{.up = 7, .idle = 8, .struggling = 9};
  for (const char* text : {"", "{", "[]", R"({"brokers":[]})", R"({"brokers":{"a":{"state":"UP"}}})"}) {
    EXPECT_FALSE(reader.read(text, states)) << text;
  }
  EXPECT_EQ(states.up, 7);
}

}  // namespace
}  // namespace ringpost::kafka
