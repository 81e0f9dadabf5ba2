// Each configuration of docs/kafka.md, and its relatives, reaches Kafka; and no secret is seen anywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "tests/kafka_security/secured_kafka.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::UnorderedElementsAre;

// The same without TLS.
std::string in_the_open(const SecuredKafka& kafka, std::string recipe) {
  recipe = replaced(recipe, kafka.address("sasl_ssl"), kafka.address("sasl_plaintext"));
  recipe = replaced(recipe, "sasl_ssl", "sasl_plaintext");
  const std::size_t authority = recipe.find("\"ssl.ca.location\"");
  return recipe.erase(authority, recipe.find('\n', authority) - authority);
}

std::string named(const std::string& recipe, const std::string& from, const std::string& to) {
  return replaced(recipe, "[instance." + from, "[instance." + to);
}

TEST(SecurityTest, EveryRecipeOfThePageDeliversAndNoSecretIsSeen) {
  SecuredKafka& kafka = SecuredKafka::get();
  const TemporaryDirectory directory;
  std::map<std::string, std::string> instances = recipes_of_the_page(kafka, directory);
  ASSERT_THAT(instances,
              UnorderedElementsAre(Key("tls"), Key("mutual"), Key("plain"), Key("scram"), Key("oauth")));
  instances.emplace("scram256", named(replaced(instances.at("scram"), "SCRAM-SHA-512", "SCRAM-SHA-256"),
                                      "scram", "scram256"));
  for (const char* name : {"plain", "scram", "scram256", "oauth"})
    instances.emplace(name + std::string("open"),
                      named(in_the_open(kafka, instances.at(name)), name, name + std::string("open")));

  std::string configuration;
  for (const auto& [name, text] : instances) configuration += text;
  Daemon daemon(configuration);
  Publisher publisher(daemon.socket());
  std::set<std::string> published;
  for (const auto& [name, text] : instances) {
    const std::string message = R"({"by":")" + name + R"("})";
    ASSERT_EQ(publisher.publish_patiently({name, "orders", message, {}, {}}), 0) << name << daemon.log();
    published.insert(message);
  }
  for (const auto& [name, text] : instances) daemon.wait_until_delivered(name, 1);

  std::set<std::string> arrived;
  for (const Record& record : read_with_kcat(kafka.address("plaintext"), "orders"))
    arrived.insert(record.message);
  EXPECT_EQ(arrived, published);

  const Outcome check = check_of(daemon);
  EXPECT_EQ(check.status, 0) << check.output << check.errors;
  for (const auto& [name, text] : instances)
    EXPECT_THAT(check.output, HasSubstr("instance " + name + ": connected; the cluster has 1 brokers: "));
  EXPECT_THAT(check.output, HasSubstr("  topic orders: 1 partitions\n"));
  EXPECT_THAT(all_that_is_seen_of(daemon) + check.output + check.errors, Not(HasSubstr(kPassword)));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
