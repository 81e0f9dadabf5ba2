// ACLs: a right that is missing, given, taken away while events flow, and given again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "tests/kafka_security/secured_kafka.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

constexpr int kEvents = 500;

void publish(Publisher& publisher, int first) {
  for (int number = first; number < first + kEvents; ++number) {
    ASSERT_EQ(publisher.publish_patiently(
                  {"kafkaid", "rights", R"({"n":)" + std::to_string(number) + "}", "key", {}}),
              0);
  }
}

TEST(SecurityTest, ARightThatIsMissingOrTakenAwayDelaysEventsAndLosesNone) {
  SecuredKafka& kafka = SecuredKafka::get();
  const TemporaryDirectory directory;
  write_secret(directory.file("password"), kPassword);
  Daemon daemon("[instance.kafkaid]\nbrokers = [\"" + kafka.address("sasl_plaintext") +
                "\"]\ntopics = [\"rights\"]\nusername = \"guest\"\npassword_file = \"" +
                directory.file("password") +
                "\"\nlibrdkafka = { \"security.protocol\" = \"sasl_plaintext\", "
                "\"sasl.mechanism\" = \"SCRAM-SHA-256\" }\n");
  const std::string json_command = program("ringpost");
  const auto status_says = [&](const std::vector<std::string>& texts) {
    return wait_until([&] {
      const std::string status = run({json_command, "status", "--json", "--socket", daemon.socket()}).output;
      return std::all_of(texts.begin(), texts.end(),
                         [&](const std::string& text) { return status.find(text) != std::string::npos; });
    });
  };
  daemon.wait_until_connected("kafkaid");
  Publisher publisher(daemon.socket());
  // Write on no topic: no producer id, too.
  EXPECT_TRUE(status_says({"rights: TOPIC_AUTHORIZATION_FAILED (29)", "Cluster authorization failed"}))
      << daemon.log();
  EXPECT_THAT(daemon.log(), HasSubstr("rights: TOPIC_AUTHORIZATION_FAILED (29)"));
  Outcome check = check_of(daemon);
  EXPECT_EQ(check.status, 1);
  EXPECT_THAT(check.output, HasSubstr("topic rights: Broker: Topic authorization failed"));
  publish(publisher, 0);
  EXPECT_EQ(daemon.status("kafkaid").delivered, 0U);

  kafka.change_rights("--add", "guest", {"Write", "Describe"}, "rights");
  daemon.wait_until_delivered("kafkaid", kEvents);

  kafka.change_rights("--remove", "guest", {"Write"}, "rights");
  publish(publisher, kEvents);
  EXPECT_TRUE(status_says({"rights: TOPIC_AUTHORIZATION_FAILED (29)"})) << daemon.log();
  check = check_of(daemon);
  EXPECT_EQ(check.status, 1);
  EXPECT_THAT(check.output, HasSubstr("topic rights: 1 partitions; no right to write to it (ACL Write)"));
  EXPECT_EQ(daemon.status("kafkaid").dead_letters, 0U);

  kafka.change_rights("--add", "guest", {"Write"}, "rights");
  daemon.wait_until_delivered("kafkaid", 2 * kEvents);
  std::vector<int> expected(2 * kEvents);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(numbers_in(kafka.address("plaintext"), "rights", "key"), expected);
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
