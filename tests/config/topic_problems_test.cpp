// The rules for single topics, [instance.NAME.topic.NAME]: each mistake with its line, its column, its key and what the
// message says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "daemon/config/config.hpp"

namespace ringpost::daemon {
namespace {

struct TopicMistake {
  std::string_view name;
  std::string_view text;
  std::string_view message;  // the only problem's
};

void PrintTo(const TopicMistake& mistake, std::ostream* out) { *out << mistake.name; }

class TopicRuleMistake : public testing::TestWithParam<TopicMistake> {};

TEST_P(TopicRuleMistake, IsReportedOnceWhereItStands) {
  const LoadResult result = parse(GetParam().text);
  EXPECT_FALSE(result.config);
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(to_string(result.problems[0], "F"), GetParam().message);
}

// A whole configuration, with the mistake in line 4 or 5.
#define TOPICS_WITH(line) "[instance.kafkaid]\nbrokers = [\"b:9092\"]\ntopics = [\"*\"]\n" line "\n"
#define TOPIC_WITH(name, line) TOPICS_WITH("[instance.kafkaid.topic." name "]\n" line)

constexpr TopicMistake kTopicMistakes[] = {
    {"Type", TOPICS_WITH("topic = \"orders\""),
     "F:4:9: instance.kafkaid.topic: is a string; expected a table: [instance.NAME.topic.\"crm.*\"]"},
    {"None", TOPICS_WITH("[instance.kafkaid.topic]"),
     "F:4:1: instance.kafkaid.topic: has 0 topics; expected 1 to 4096"},
    {"NoTable", TOPICS_WITH("topic.orders = \"5s\""),
     "F:4:16: instance.kafkaid.topic.orders: is a string; a topic is a section of its own, "
     "[instance.kafkaid.topic.orders]"},
    {"Name", TOPIC_WITH("\"a b\"", "send_timeout = \"1s\""),
     "F:4:25: instance.kafkaid.topic.\"a b\": \"a b\" holds a character that Kafka does not allow; a topic's "
     "name is "
     "made of A-Z a-z 0-9 . _ -"},
    {"DotsWithoutQuotes", TOPIC_WITH("crm.status", "send_timeout = \"1s\""),
     "F:4:29: instance.kafkaid.topic.crm.status: is a table in a topic's; a topic's name with dots stands in "
     "quotes: "
     "[instance.NAME.topic.\"crm.status\"]"},
    {"Empty", TOPIC_WITH("orders", ""),
     "F:4:1: instance.kafkaid.topic.orders.send_timeout: is missing; expected a duration such as \"30s\""},
    {"Range", TOPIC_WITH("orders", "send_timeout = \"8d\""),
     "F:5:16: instance.kafkaid.topic.orders.send_timeout: is \"8d\"; must be at least 100ms and at most 7d, "
     "or \"0s\" "
     "for never"},
    {"NearKey", TOPIC_WITH("orders", "send_timeout = \"1s\"\nsend_time = \"1s\""),
     "F:6:1: instance.kafkaid.topic.orders.send_time: is not a key that ringpost knows; did you mean "
     "'send_timeout'?"},
    {"KeyOfAnInstance", TOPIC_WITH("orders", "send_timeout = \"1s\"\nlinger = \"1ms\""),
     "F:6:1: instance.kafkaid.topic.orders.linger: is not a key that ringpost knows here; it belongs under "
     "[instance.NAME], and holds for all of its topics"},
    {"MatchesNoTopic",
     "[instance.a]\nbrokers = \"embedded\"\ntopics = [\"orders\", \"crm.*\"]\n[instance.a.topic.odrers]\n"
     "send_timeout = \"1s\"\n",
     "F:4:19: instance.a.topic.odrers: matches none of the instance's topics; did you mean \"orders\"?"},
    {"WrongTopicsAreTheOnlyProblem",
     "[instance.a]\nbrokers = \"embedded\"\ntopics = \"orders\"\n[instance.a.topic.orders]\n"
     "send_timeout = \"1s\"\n",
     "F:3:10: instance.a.topics: is \"orders\"; expected a list such as [\"orders\", \"crm.*\"], or [\"*\"] "
     "for every "
     "topic"},
};

INSTANTIATE_TEST_SUITE_P(Topic, TopicRuleMistake, testing::ValuesIn(kTopicMistakes),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace ringpost::daemon
