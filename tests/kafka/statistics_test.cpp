#include "kafka/statistics.hpp"

#include <gtest/gtest.h>

namespace ringpost::kafka {
namespace {

std::string broker(const char* name, const char* source, const char* state, int waiting = 0) {
  const std::string text = name;
  const std::size_t slash = text.find('/');
  const std::string id = source == std::string("learned") ? text.substr(slash + 1) : "-1";
  return "\"" + text + R"(":{"name":")" + text + R"(","nodeid":)" + id + R"(,"nodename":")" +
         text.substr(0, slash) + R"(","source":")" + source + R"(","state":")" + state + R"(","toppars":{)" +
         (waiting == 0 ? "" : R"("orders-0":{"partition":0})") + R"(},"waitresp_cnt":)" +
         std::to_string(waiting) + R"(,"rxidle":1500,"rtt":{"min":250}})";
}

TEST(Statistics, TellHowEachConnectionIs) {
  StatisticsReader reader;
  std::vector<BrokerReading> readings;
  const std::string text = R"({"name":"x","brokers":{)" + broker("a:1/1", "learned", "UP", 2) + "," +
                           broker("b:1/bootstrap", "configured", "INIT") + "," +
                           broker("c:1/3", "learned", "DOWN") + "," +
                           broker(":0/internal", "internal", "INIT") + "," +
                           broker("Group", "logical", "UP") + R"(},"topics":{}})";
  ASSERT_TRUE(reader.read(text, readings));
  ASSERT_EQ(readings.size(), 3U);
  EXPECT_EQ(readings[0].id, 1);
  EXPECT_EQ(readings[0].name, "a:1/1");
  EXPECT_EQ(readings[0].address, "a:1");
  EXPECT_EQ(readings[0].link, BrokerReading::Link::kUp);
  EXPECT_TRUE(readings[0].waits);
  EXPECT_TRUE(readings[0].leads);
  EXPECT_EQ(readings[0].quiet_us, 1500);
  EXPECT_EQ(readings[0].rtt_us, 250);
  EXPECT_EQ(readings[1].id, -1);
  EXPECT_EQ(readings[1].link, BrokerReading::Link::kIdle);
  EXPECT_FALSE(readings[1].waits);
  EXPECT_FALSE(readings[1].leads);
  EXPECT_EQ(readings[2].link, BrokerReading::Link::kStruggling);
}

TEST(Statistics, OtherTextChangesNothing) {
  StatisticsReader reader;
  std::vector<BrokerReading> readings(7);
  for (const char* text : {"", "{", "[]", R"({"brokers":[]})", R"({"brokers":{"a":{"state":"UP"}}})"}) {
    EXPECT_FALSE(reader.read(text, readings)) << text;
  }
  EXPECT_EQ(readings.size(), 7U);
}

}  // namespace
}  // namespace ringpost::kafka
