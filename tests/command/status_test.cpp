// `ringpost status` with a daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/support/daemon.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

class Status : public testing::Test {
 protected:
  Status() { daemon_.wait_until_connected("kafkaid"); }

  Outcome status(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> command{program("ringpost"), "status", "--socket", daemon_.socket()};
    command.insert(command.end(), more.begin(), more.end());
    return run(command);
  }

  Daemon daemon_{
      "[instance.crm]\nbrokers = [\"127.0.0.1:1\"]\ntopics = [\"*\"]\n"
      "[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\n"};
};

TEST_F(Status, IsATableForPeople) {
  Publisher publisher(daemon_.socket());
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(publisher.publish({"kafkaid", "orders", std::to_string(i), {}, {}}), 0)
        << ringpost_last_error_message();
  }
  EXPECT_STREQ(ringpost_error_name(publisher.publish({"kafkaid", "nothere", "1", {}, {}})), "UNKNOWN_TOPIC");
  daemon_.wait_until_delivered("kafkaid", 3);
  EXPECT_TRUE(wait_until([&] { return status().output.find("UNKNOWN_TOPIC 1") != std::string::npos; }))
      << status().output;
  const Outcome outcome = status();
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_THAT(outcome.output,
              AllOf(HasSubstr("ringpostd 0."), HasSubstr("INSTANCE"), HasSubstr("DEAD LETTERS")));
  EXPECT_THAT(outcome.output, ContainsRegex("crm +connecting +[0-9]+ +[0-9]+ +0 +0 +0 +0 +0 +- "));
  EXPECT_THAT(outcome.output, ContainsRegex("kafkaid +connected +1 +[0-9]+ +3 +3 +0 +0 +1 +- "));
  EXPECT_THAT(outcome.output, HasSubstr("kafkaid: refused: UNKNOWN_TOPIC 1\n"));
}

TEST_F(Status, IsJsonForPrograms) {
  const Outcome outcome = status({"--json"});
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  const boost::json::value json = boost::json::parse(outcome.output);
  EXPECT_EQ(json.at("pid").as_int64(), daemon_.process().pid());
  EXPECT_EQ(json.at("keeper").as_bool(), false);
  const boost::json::array& instances = json.at("instances").as_array();
  ASSERT_EQ(instances.size(), 2U);
  EXPECT_EQ(instances[0].at("name").as_string(), "crm");
  EXPECT_EQ(instances[0].at("state").as_string(), "connecting");
  EXPECT_EQ(instances[1].at("name").as_string(), "kafkaid");
  EXPECT_EQ(instances[1].at("state").as_string(), "connected");
}

TEST_F(Status, WatchGoesOnUntilASignal) {
  Process watch({program("ringpost"), "status", "--watch", "--json", "--socket", daemon_.socket()});
  const auto readings = [&] {
    const std::string output = watch.output();
    return std::count(output.begin(), output.end(), '\n');
  };
  EXPECT_TRUE(wait_until([&] { return readings() >= 2; }));
  ASSERT_EQ(daemon_.stop(), 0) << daemon_.log();
  EXPECT_TRUE(wait_until([&] { return watch.errors().find("no daemon at") != std::string::npos; }));
  daemon_.start();
  const auto before = readings();
  EXPECT_TRUE(wait_until([&] { return readings() > before; })) << "it finds the daemon again";
  watch.signal(SIGINT);
  EXPECT_EQ(watch.wait(), -SIGINT);
}

}  // namespace
}  // namespace ringpost::tests
