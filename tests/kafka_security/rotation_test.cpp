// A password that changes at the brokers, and then in its file, under load.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "tests/kafka_security/secured_kafka.hpp"
#include "tests/support/kcat.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kRenewed = "Neufassung-48-crm";

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
  Publisher publisher(daemon.socket());
  std::atomic<bool> enough{false};
  std::atomic<int> published{0};
  std::jthread load([&] {
    while (!enough) {
      const std::string message = R"({"n":)" + std::to_string(published) + "}";
      ASSERT_EQ(publisher.publish_patiently({"kafkaid", "orders", message, "renewed", {}}), 0);
      ++published;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });

  // The broker asks for the password again within seconds.
  kafka.change_password("renewed", kRenewed);
  EXPECT_TRUE(wait_until([&] { return daemon.status("kafkaid").state == "disconnected"; })) << daemon.log();
  EXPECT_TRUE(wait_until([&] {
    return status_of(daemon).find("SASL authentication error: Authentication failed") != std::string::npos;
  })) << status_of(daemon);
  const int before = published;
  EXPECT_TRUE(wait_until([&] { return published > before + 100; })) << "calls go on meanwhile";

  write_secret(directory.file("password"), kRenewed);
  daemon.wait_until_connected("kafkaid");
  enough = true;
  load.join();
  daemon.wait_until_delivered("kafkaid", static_cast<std::uint64_t>(published));
  std::vector<int> expected(static_cast<std::size_t>(published));
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(numbers_in(kafka.address("plaintext"), "orders", "renewed"), expected);
  const std::string seen = all_that_is_seen_of(daemon);
  EXPECT_THAT(seen, Not(HasSubstr(kPassword)));
  EXPECT_THAT(seen, Not(HasSubstr(kRenewed)));
  EXPECT_THAT(daemon.log(), HasSubstr("connected to Kafka again"));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
