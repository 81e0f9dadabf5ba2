#include "kafka/dispositions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace ringpost::kafka {
namespace {

TEST(Dispositions, EachCodeHasOneRowAndAReason) {
  std::set<int> seen;
  for (const DispositionRow& row : disposition_table()) {
    EXPECT_TRUE(seen.insert(row.code).second) << "twice: " << row.code;
    EXPECT_FALSE(row.why.empty()) << row.code;
    EXPECT_EQ(disposition_of(row.code), row.disposition);
    EXPECT_THAT(describe_error(row.code), ::testing::Not(::testing::HasSubstr("unknown error"))) << row.code;
  }
}

TEST(Dispositions, WhatLibrdkafkaCallsFinalAndIsNot) {
  for (const int code : {-1, 2, 13, 89}) {
    EXPECT_EQ(disposition_of(code), Disposition::kRetry) << code;
  }
}

// Of consumers and their groups, transactions, administration, and interfaces of librdkafka that are not used here. Whoever
// takes another librdkafka decides about each code that it adds: a row, or this list.
const std::set<int> kNeverAProducers = {
    -191, -179, -176, -175, -174, -168, -162, -161, -160, -159, -157, -156, -154, -147, -143, -142,
    -141, -140, -139, 1,    4,    12,   22,   23,   24,   25,   26,   27,   28,   30,   36,   37,
    38,   39,   40,   50,   67,   68,   69,   70,   71,   73,   79,   81,   82,   84,   85,   86,
    88,   91,   92,   93,   94,   95,   96,   110,  111,  112,  113,  117,  118};

TEST(Dispositions, EachCodeOfLibrdkafkasIsDecided) {
  std::set<int> decided = kNeverAProducers;
  for (const DispositionRow& row : disposition_table()) {
    EXPECT_TRUE(decided.insert(row.code).second) << describe_error(row.code);
  }
  for (const int code : codes_of_librdkafka()) EXPECT_TRUE(decided.erase(code) == 1) << describe_error(code);
  EXPECT_THAT(decided, ::testing::IsEmpty()) << "no codes of librdkafka's any more";
}

// docs/kafka-errors.md, as the table says it.
std::string page() {
  std::ostringstream text;
  text << R"(# Kafka's errors, and what is done about each

Written by `RINGPOST_WRITE_PAGES=1 build/release/bin/kafka_test --gtest_filter='ErrorsPage.*'` from the table in kafka/dispositions.cpp. `ErrorsTest` has
each of a broker's codes answered by a cluster and looks at what becomes of the events; nothing here costs another event of the batch its place.

| what is done | what `ringpost status` and the log show | what to do |
|---|---|---|
| **delivered** | nothing | nothing |
| **sent again**, in order, until it succeeds or `send_timeout` passes. What librdkafka gives up on is tried by a producer of its own, 0.1 to 10 s apart | `waiting` grows; topic and code when librdkafka has given up | nothing, unless it lasts: then look at the brokers |
| **dead letter**, `refused_by_broker`, when it was refused alone | `dead_letters`; `ringpost dead-letters list` has code and text | mend the topic or the script, then `ringpost dead-letters replay` |
| **topic waits**, 1 to 30 s between tries; the other topics flow; `send_timeout` goes on | topic and code | give the right, mend the topic: it goes on by itself |
| **instance waits**, 0.1 to 30 s between tries; other instances flow; `send_timeout` goes on | topic and code, or why there is no connection; the state is `disconnected` where no connection can be made | mend user, password, certificate or right: it goes on by itself |
| **refused at the start** | `ringpost check` and the start name the property | mend the configuration |

A code that is not listed: a broker's is judged as one about the record (a dead letter when it is refused alone), one of librdkafka's own is sent
again.
)";
  for (const Disposition disposition :
       {Disposition::kDead, Disposition::kHoldTopic, Disposition::kHoldInstance, Disposition::kRetry,
        Disposition::kRefuse, Disposition::kDeliver}) {
    std::string title(name_of(disposition));
    title.front() = static_cast<char>(std::toupper(title.front()));
    text << "\n## " << title << "\n\n| code | | why |\n|---|---|---|\n";
    for (const DispositionRow& row : disposition_table()) {
      if (row.disposition != disposition) continue;
      const std::string description = describe_error(row.code);  // NAME (code): text
      text << "| " << row.code << " | " << description.substr(0, description.find(' ')) << " | " << row.why
           << " |\n";
    }
  }
  return text.str();
}

TEST(ErrorsPage, IsWhatTheTableSays) {
  if (std::getenv("RINGPOST_WRITE_PAGES") != nullptr) std::ofstream(RINGPOST_ERRORS_PAGE) << page();
  std::ifstream file(RINGPOST_ERRORS_PAGE);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), page());
}

TEST(Dispositions, UnknownCodes) {
  EXPECT_EQ(disposition_of(9999), Disposition::kDead) << "the broker's: the record is judged alone";
  EXPECT_EQ(disposition_of(-9999), Disposition::kRetry) << "our own: nothing was said about the record";
}

TEST(Dispositions, Describe) {
  EXPECT_EQ(describe_error(kMessageTooLargeCode), "MSG_SIZE_TOO_LARGE (10): Broker: Message size too large");
}

}  // namespace
}  // namespace ringpost::kafka
