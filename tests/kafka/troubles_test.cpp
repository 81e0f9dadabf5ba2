#include "kafka/troubles.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringpost::kafka {
namespace {

constexpr std::uint64_t kFirst = 1;  // producers
constexpr std::uint64_t kSecond = 2;

Trouble denied(const std::string& topic) { return {topic, topic + ": denied", 29}; }
Trouble no_id() { return {"", "no producer id", 0}; }

TEST(Troubles, AProducersAndEachTopicsAreThereTogether) {
  Troubles troubles;
  EXPECT_TRUE(troubles.empty());
  EXPECT_EQ(troubles.text(), "");
  troubles.note(denied("orders"), kFirst, 0);
  troubles.note(no_id(), kFirst, 0);
  troubles.note(denied("others"), kFirst, 0);
  EXPECT_EQ(troubles.text(), "no producer id; orders: denied; others: denied");
}

TEST(Troubles, TheLatestOfATopicIsInPlaceOfTheOneBefore) {
  Troubles troubles;
  troubles.note(denied("orders"), kFirst, 0);
  troubles.note(denied("others"), kFirst, 0);
  const std::uint64_t told = troubles.news();
  troubles.note(denied("orders"), kFirst, 0);
  EXPECT_EQ(troubles.news(), told) << "it says the same";
  troubles.note({"orders", "orders: a quota", 89}, kFirst, 0);
  EXPECT_NE(troubles.news(), told);
  const std::vector<Trouble> news = troubles.since(told);
  ASSERT_EQ(news.size(), 1U);
  EXPECT_EQ(news[0].text, "orders: a quota");
  EXPECT_EQ(news[0].code, 89);
  EXPECT_EQ(troubles.text(), "orders: a quota; others: denied");
}

TEST(Troubles, ADeliveryOfALaterProducerIsTheEndOfItsTopicsAndOfTheProducers) {
  Troubles troubles;
  troubles.note(denied("orders"), kFirst, 0);
  troubles.note(denied("others"), kFirst, 0);
  troubles.note(no_id(), kFirst, 0);
  troubles.note_delivered("orders", kFirst);
  EXPECT_EQ(troubles.text(), "no producer id; orders: denied; others: denied") << "it was on its way before";
  troubles.note_delivered("orders", kSecond);
  EXPECT_EQ(troubles.text(), "others: denied");
  troubles.note_delivered("orders", kSecond);
  EXPECT_EQ(troubles.text(), "others: denied");
}

TEST(Troubles, AProducersEndsWithTimeAndATopicsDoesNot) {
  Troubles troubles;
  troubles.note(denied("orders"), kFirst, 10);
  troubles.note(no_id(), kFirst, 10);
  troubles.end_producers_before(10);
  EXPECT_EQ(troubles.text(), "no producer id; orders: denied");
  troubles.end_producers_before(11);
  EXPECT_EQ(troubles.text(), "orders: denied");
  troubles.end("orders");
  EXPECT_TRUE(troubles.empty());
}

TEST(Troubles, OfManyTheFirstAreShown) {
  Troubles troubles;
  for (int topic = 0; topic < 12; ++topic) troubles.note(denied("t" + std::to_string(topic)), kFirst, 0);
  EXPECT_EQ(
      troubles.text(),
      "t0: denied; t1: denied; t10: denied; t11: denied; t2: denied; t3: denied; t4: denied; t5: denied; "
      "t6: denied; t7: denied; and 2 more topics");
}

}  // namespace
}  // namespace ringpost::kafka
