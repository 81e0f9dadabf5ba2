// A password that changes at the brokers, and then in its file, and a certificate that is replaced; under load.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/kafka_security/secured_kafka.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kRenewed = "Neufassung-48-crm";

// Publishes {"n":0}, {"n":1}, ... with one key, a thousand a second at the most, until it is told to stop.
class Load {
 public:
  Load(const Daemon& daemon, std::string key) : publisher_(daemon.socket()), key_(std::move(key)) {
    thread_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        const std::string message = R"({"n":)" + std::to_string(published_) + "}";
        ASSERT_EQ(publisher_.publish_patiently({"kafkaid", "orders", message, key_, {}}), 0);
        ++published_;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  int published() const { return published_; }
  bool goes_on() const {
    const int before = published_;
    return wait_until([&] { return published_ > before + 100; });
  }
  // Everything arrived, in order. `others`: what somebody else has published there.
  void expect_all_of_it(const Daemon& daemon, const std::string& brokers, std::uint64_t others = 0) {
    thread_.request_stop();
    thread_.join();
    daemon.wait_until_delivered("kafkaid", static_cast<std::uint64_t>(published_) + others);
    std::vector<int> expected(static_cast<std::size_t>(published_));
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(numbers_in(brokers, "orders", key_), expected);
  }

 private:
  Publisher publisher_;
  const std::string key_;
  std::atomic<int> published_{0};
  std::jthread thread_;
};

bool comes_to(const Daemon& daemon, const std::string& state, const std::string& said) {
  return wait_until([&] {
    return daemon.status("kafkaid").state == state && status_of(daemon).find(said) != std::string::npos;
  });
}

TEST(SecurityTest, ANewPasswordIsTakenWithoutARestartAndNothingIsLost) {
  SecuredKafka& kafka = SecuredKafka::get();
  const TemporaryDirectory directory;
  write_secret(directory.file("password"), kPassword);
  Daemon daemon("[instance.kafkaid]\nbrokers = [\"" + kafka.address("sasl_plaintext") +
                "\"]\ntopics = [\"orders\"]\nusername = \"renewed\"\npassword_file = \"" +
                directory.file("password") +
                "\"\nlibrdkafka = { \"security.protocol\" = \"sasl_plaintext\", "
                "\"sasl.mechanism\" = \"SCRAM-SHA-512\" }\n");
  daemon.wait_until_connected("kafkaid");
  Load load(daemon, "password");

  kafka.change_password("renewed", kRenewed);  // the broker asks for it again within seconds
  EXPECT_TRUE(comes_to(daemon, "disconnected", "SASL authentication error: Authentication failed"))
      << status_of(daemon) << daemon.log();
  EXPECT_TRUE(load.goes_on());

  write_secret(directory.file("password"), kRenewed);
  daemon.wait_until_connected("kafkaid");
  load.expect_all_of_it(daemon, kafka.address("plaintext"));
  const std::string seen = all_that_is_seen_of(daemon);
  EXPECT_THAT(seen, Not(HasSubstr(kPassword)));
  EXPECT_THAT(seen, Not(HasSubstr(kRenewed)));
  EXPECT_THAT(daemon.log(), HasSubstr("connected to Kafka again"));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

// The page's mutual TLS, with a certificate and a key that a test may replace.
std::string mutual_with_files_in(const TemporaryDirectory& directory, SecuredKafka& kafka) {
  std::string recipe = recipes_of_the_page(kafka, directory).at("mutual");
  for (const char* name : {"client.pem", "client.key"}) {
    replace_file(directory.file(name), kafka.file(name));
    recipe = replaced(recipe, kafka.file(name), directory.file(name));
  }
  return replaced(recipe, "[instance.mutual", "[instance.kafkaid");
}

// That a certificate which is replaced is used at once is seen by one that the broker does not take.
TEST(SecurityTest, ANewCertificateIsTakenWithoutARestartAndNothingIsLost) {
  SecuredKafka& kafka = SecuredKafka::get();
  const TemporaryDirectory directory;
  Daemon daemon(mutual_with_files_in(directory, kafka));
  daemon.wait_until_connected("kafkaid");
  Load load(daemon, "certificate");
  EXPECT_TRUE(load.goes_on());

  replace_file(directory.file("client.key"), kafka.file("expired-client.key"));
  EXPECT_TRUE(wait_until([&] {  // it does not fit to the certificate yet: the old pair goes on
    return daemon.log().find("what its secrets and certificates are now is not used") != std::string::npos;
  })) << daemon.log();
  EXPECT_TRUE(load.goes_on());
  EXPECT_EQ(daemon.status("kafkaid").state, "connected");
  replace_file(directory.file("client.pem"), kafka.file("expired-client.pem"));
  EXPECT_TRUE(comes_to(daemon, "disconnected", "the broker refuses our certificate, or wants one"))
      << status_of(daemon) << daemon.log();
  EXPECT_TRUE(load.goes_on());

  replace_file(directory.file("client.key"), kafka.file("client.key"));
  replace_file(directory.file("client.pem"), kafka.file("client.pem"));
  daemon.wait_until_connected("kafkaid");
  load.expect_all_of_it(daemon, kafka.address("plaintext"));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

// Each of the three files alone fits to none of the others: the old ones go on, for clients that are made meanwhile, too, such as
// the one that finds a topic which is created then.
TEST(SecurityTest, ACertificateItsKeyAndTheKeysPasswordAreReplacedOneAfterTheOther) {
  SecuredKafka& kafka = SecuredKafka::get();
  const TemporaryDirectory directory;
  const std::string recipe = mutual_with_files_in(directory, kafka);
  Daemon daemon(replaced(recipe, R"(["orders"])", R"(["orders", "created-later"])"));
  daemon.wait_until_connected("kafkaid");
  Load load(daemon, "pair");
  const std::string not_used = "what its secrets and certificates are now is not used: ";

  replace_file(directory.file("client.pem"), kafka.file("renewed-client.pem"));
  EXPECT_TRUE(comes_to(daemon, "connected", not_used + directory.file("client.key") + " is not the key of"))
      << status_of(daemon) << daemon.log();
  replace_file(directory.file("client.key"), kafka.file("renewed-client.key"));
  EXPECT_TRUE(
      comes_to(daemon, "connected", not_used + directory.file("client.key") + " has another password than"))
      << status_of(daemon) << daemon.log();
  kafka.create_topic("created-later");
  kafka.change_rights("--add", "crm", {"Write"}, "created-later");
  Publisher publisher(daemon.socket());
  EXPECT_TRUE(wait_until([&] {
    return publisher.publish({"kafkaid", "created-later", R"({"n":0})", "pair", {}}) == 0;
  })) << status_of(daemon)
      << daemon.log();
  EXPECT_TRUE(wait_until([&] {
    return numbers_in(kafka.address("plaintext"), "created-later", "pair") == std::vector<int>{0};
  })) << status_of(daemon)
      << daemon.log();
  EXPECT_THAT(status_of(daemon), HasSubstr(not_used)) << "all of it with the old pair";
  EXPECT_TRUE(load.goes_on());

  write_secret(directory.file("key-password"), kRenewed);
  EXPECT_TRUE(wait_until([&] {
    return daemon.log().find("connections use the new ones from now on") != std::string::npos;
  })) << daemon.log();
  EXPECT_THAT(status_of(daemon), Not(HasSubstr("is not used")));
  EXPECT_TRUE(load.goes_on());
  load.expect_all_of_it(daemon, kafka.address("plaintext"), 1);
  const std::string seen = all_that_is_seen_of(daemon);
  EXPECT_THAT(seen, Not(HasSubstr(kPassword)));
  EXPECT_THAT(seen, Not(HasSubstr(kRenewed)));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
