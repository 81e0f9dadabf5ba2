// Brokers that do not let us in, or that are not whom they should be: each has its words, and is over when its cause is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ringpost.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/kafka_security/secured_kafka.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kWrong = "Irrtum-11-crm";

struct Refusal {
  std::string configuration;
  std::string said;  // the page has it, too
};

class Refusals {
 public:
  Refusals(const SecuredKafka& kafka, const TemporaryDirectory& directory)
      : recipes_(recipes_of_the_page(kafka, directory)) {
    for (const char* name : {"plain", "scram", "oauth"}) {
      write_secret(directory.file(name), kWrong);
      add(name, name, directory.file("kafka-password"), directory.file(name),
          name == std::string("oauth") ? "Failed to acquire SASL OAUTHBEARER token"
                                       : "SASL authentication error: Authentication failed");
    }
    std::filesystem::copy_file(kafka.file("another-ca.pem"), directory.file("ca.pem"));
    std::filesystem::copy_file(kafka.file("expired-client.pem"), directory.file("client.pem"));
    std::filesystem::copy_file(kafka.file("expired-client.key"), directory.file("client.key"));
    add("unknownca", "tls", kafka.file("ca.pem"), directory.file("ca.pem"), "its authority is unknown here");
    add("outdated", "mutual", kafka.file("client.pem"), directory.file("client.pem"),
        "the broker refuses our certificate, or wants one");
    text("outdated") = replaced(text("outdated"), kafka.file("client.key"), directory.file("client.key"));
    add("nobody", "tls", kafka.address("ssl"), kafka.address("mutual"),
        "the broker refuses our certificate, or wants one");
    add("expired", "tls", kafka.address("ssl"), kafka.address("expired"), "it has expired on");
    add("misnamed", "tls", kafka.address("ssl"), kafka.address("misnamed"),
        "it is for DNS:kafka.example, and not for 127.0.0.1");
  }

  const std::map<std::string, Refusal>& all() const { return all_; }
  std::string configuration() const {
    std::string text;
    for (const auto& [name, refusal] : all_) text += refusal.configuration;
    return text;
  }

 private:
  void add(const std::string& name, const std::string& recipe, const std::string& from, const std::string& to,
           const std::string& said) {
    const std::string text = replaced(recipes_.at(recipe), from, to);
    all_.emplace(name, Refusal{replaced(text, "[instance." + recipe, "[instance." + name), said});
  }
  std::string& text(const std::string& name) { return all_.at(name).configuration; }

  std::map<std::string, std::string> recipes_;
  std::map<std::string, Refusal> all_;
};

TEST(SecurityTest, EachRefusalHasItsWordsAndEndsWithItsCause) {
  SecuredKafka& kafka = SecuredKafka::get();
  const TemporaryDirectory directory;
  const Refusals refusals(kafka, directory);
  Daemon daemon(refusals.configuration());
  Publisher publisher(daemon.socket());

  const Outcome check = check_of(daemon);
  EXPECT_EQ(check.status, 1);
  for (const auto& refused : refusals.all()) {  // no names for its parts: clang 14 lets no lambda have them
    const std::string& name = refused.first;
    const std::string& said = refused.second.said;
    EXPECT_THAT(check.output,
                ContainsRegex("instance " + name + ": no broker of [^\n]* answered: [^\n]*" + said));
    EXPECT_TRUE(wait_until([&] {
      return testing::Value(status_of(daemon), ContainsRegex(name + ": [a-z_]+: [^\n]*" + said));
    })) << name
        << status_of(daemon);
    EXPECT_THAT(daemon.log(), ContainsRegex("instance " + name + ": not connected to Kafka: [^\n]*" + said));
    EXPECT_EQ(publisher.publish({name, "orders", R"({"n":0})", {}, {}}), RINGPOST_NOT_CONNECTED) << name;
    EXPECT_THAT(the_page(),
                HasSubstr(replaced(said, "DNS:kafka.example, and not for 127.0.0.1", "DNS:…, and not for")));
  }

  for (const char* name : {"plain", "scram", "oauth"}) write_secret(directory.file(name), kPassword);
  replace_file(directory.file("ca.pem"), kafka.file("ca.pem"));
  replace_file(directory.file("client.key"), kafka.file("client.key"));
  replace_file(directory.file("client.pem"), kafka.file("client.pem"));
  for (const char* name : {"plain", "scram", "oauth", "unknownca", "outdated"}) {
    daemon.wait_until_connected(name);
    EXPECT_EQ(publisher.publish_patiently({name, "orders", R"({"n":0})", {}, {}}), 0) << name;
    daemon.wait_until_delivered(name, 1);
  }
  EXPECT_THAT(all_that_is_seen_of(daemon) + check.output + check.errors,
              Not(testing::AnyOf(HasSubstr(kPassword), HasSubstr(kWrong))));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
