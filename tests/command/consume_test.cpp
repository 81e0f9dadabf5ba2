// `ringpost consume`: where it begins, where it ends, and what it prints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

using Words = std::vector<std::string>;

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

class Consume : public testing::Test {
 protected:
  Consume() : publisher_(daemon_.socket()) { daemon_.wait_until_connected("kafkaid"); }

  Words line(const Words& words) const {
    Words command{program("ringpost"), "consume", "kafkaid", "orders", "--socket", daemon_.socket()};
    command.insert(command.end(), words.begin(), words.end());
    return command;
  }
  void publish(const Event& event) {
    ASSERT_EQ(publisher_.publish(event), 0) << ringpost_last_error_message();
    daemon_.wait_until_delivered("kafkaid", ++published_);
  }

  Daemon daemon_{
      "[instance.kafkaid]\nbrokers = \"embedded\"\npartitions = 1\ntopics = [\"orders\"]\nevent_id = "
      "false\n"};
  Publisher publisher_;
  std::uint64_t published_ = 0;
};

TEST_F(Consume, UntilEndOfNothingPrintsNothing) {
  const Outcome outcome = run(line({"--until-end", "--json"}));
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, IsEmpty());
}

TEST_F(Consume, ForPeopleAndAsJson) {
  publish({"kafkaid", "orders", R"({"id":"123"})", "key", {{"source", "crm"}}});
  EXPECT_THAT(run(line({"--until-end"})).output,
              MatchesRegex("orders partition 0 offset 0  20[0-9]{2}-[0-9-]{5}T[0-9:]{8}\\.[0-9]{3}Z\n"
                           "  key      key\n"
                           "  header   source = crm\n"
                           "  message  \\{\"id\":\"123\"\\}\n"));
  const boost::json::value record = boost::json::parse(run(line({"--until-end", "--json"})).output);
  EXPECT_EQ(record.at("topic").as_string(), "orders");
  EXPECT_EQ(record.at("partition").as_int64(), 0);
  EXPECT_EQ(record.at("offset").as_int64(), 0);
  EXPECT_GT(record.at("timestamp_ms").as_int64(), 1'700'000'000'000);
  EXPECT_EQ(record.at("key").as_string(), "key");
  EXPECT_EQ(record.at("message").as_string(), R"({"id":"123"})");
  EXPECT_EQ(boost::json::serialize(record.at("headers")), R"([{"name":"source","value":"crm"}])");
}

TEST_F(Consume, BytesThatAreNotUtf8AreBase64) {
  publish({"kafkaid", "orders", "1", std::string("\xff\xfe\x00", 3), {{"h", "\xc3"}}});
  const Outcome outcome = run(line({"--until-end", "--json"}));
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr(R"("key_base64":"//4A")"), HasSubstr(R"("value_base64":"ww==")")));
}

TEST_F(Consume, FromAnOffsetAndSoMany) {
  for (int i = 0; i < 5; ++i) {
    publish({"kafkaid", "orders", std::to_string(i), {}, {}});
  }
  const Outcome outcome = run(line({"--from", "2", "--count", "2", "--json"}));
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_EQ(lines_in(outcome.output), 2U);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr(R"("offset":2)"), HasSubstr(R"("offset":3)")));
  EXPECT_EQ(lines_in(run(line({"--until-end", "--json"})).output), 5U);
  EXPECT_THAT(run(line({"--count", "0"})).output, IsEmpty());
}

TEST_F(Consume, FromTheEndSeesOnlyWhatComes) {
  publish({"kafkaid", "orders", R"("before")", {}, {}});
  Process consumer(line({"--from", "end", "--json"}));
  EXPECT_TRUE(wait_until([&] {  // until it stands at the end, what is published passes it by
    publish({"kafkaid", "orders", R"("after")", {}, {}});
    return lines_in(consumer.output()) > 0;
  })) << consumer.errors();
  consumer.signal(SIGINT);
  EXPECT_EQ(consumer.wait(), -SIGINT);
  EXPECT_THAT(consumer.output(), testing::Not(HasSubstr("before")));
}

TEST_F(Consume, AnInstanceThatTheDaemonDoesNotHaveIsAFailure) {
  const Outcome outcome =
      run({program("ringpost"), "consume", "crm", "orders", "--socket", daemon_.socket()});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, AllOf(HasSubstr("no instance \"crm\""), HasSubstr("kafkaid")));
}

TEST_F(Consume, TheConfigurationOfAnEmbeddedClusterLeadsToTheDaemon) {
  publish({"kafkaid", "orders", "1", {}, {}});
  const Outcome outcome = run({program("ringpost"), "consume", "kafkaid", "orders", "--config",
                               daemon_.config_file(), "--until-end", "--json"});
  EXPECT_EQ(lines_in(outcome.output), 1U) << outcome.errors;
}

TEST(ConsumeWithoutADaemon, TheConfigurationIsEnough) {
  const MockCluster kafka({"orders"}, 2);
  const TemporaryDirectory directory;
  const std::string config = directory.file("ringpost.toml");
  write_file(config, "[instance.kafkaid]\nbrokers = [\"" + kafka.brokers() + "\"]\ntopics = [\"orders\"]\n");
  const Outcome outcome =
      run({program("ringpost"), "consume", "kafkaid", "orders", "--config", config, "--until-end"});
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_THAT(outcome.output, IsEmpty());
}

TEST(ConsumeWithoutADaemon, ADeadBrokerIsAFailureThatIsNamed) {
  const TemporaryDirectory directory;
  const std::string config = directory.file("ringpost.toml");
  write_file(config, "[instance.kafkaid]\nbrokers = [\"127.0.0.1:1\"]\ntopics = [\"orders\"]\n");
  const Outcome outcome =
      run({program("ringpost"), "consume", "kafkaid", "orders", "--config", config, "--until-end"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, HasSubstr("no broker of 127.0.0.1:1"));
}

}  // namespace
}  // namespace ringpost::tests
