// Topics are made by administrators, and by nobody else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <string>

#include "tests/kafka_states/brokers.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {
namespace {

using std::chrono::steady_clock;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

long long milliseconds_since(steady_clock::time_point from) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - from).count();
}

// Half a second, and the time that the cluster takes, is what each look-up adds.
bool becomes(Publisher& publisher, const Event& event, int code) {
  return wait_until([&] {
    const int answer = publisher.publish(event);
    return answer == code;
  });
}

TEST(Topics, AreNeverCreatedByAskingForThem) {
  const Brokers& brokers = Brokers::shared();
  const Daemon daemon(brokers.configuration("\"listed\", \"some.*\""));
  EXPECT_TRUE(wait_until([&] {
    return daemon.log().find("instance kafkaid: the cluster has no topic listed") != std::string::npos;
  })) << daemon.log();
  const auto started = steady_clock::now();
  Publisher publisher(daemon.socket());
  const Event listed{"kafkaid", "listed", "1", "key", {}};
  const Event some{"kafkaid", "some.topic", "1", "key", {}};
  EXPECT_TRUE(becomes(publisher, listed, RINGPOST_UNKNOWN_TOPIC));
  EXPECT_TRUE(becomes(publisher, some, RINGPOST_UNKNOWN_TOPIC)) << daemon.log();
  std::cout << "unknown after " << milliseconds_since(started) << " ms\n";

  const Outcome checked = run({program("ringpost"), "check", daemon.config_file(), "--connect"});
  EXPECT_THAT(checked.output + checked.errors, HasSubstr("listed"));
  const Outcome status = run({program("ringpost"), "status", "--socket", daemon.socket()});
  EXPECT_THAT(status.output, HasSubstr("kafkaid: the cluster has no topic listed"));
  const Outcome consumed =
      run({program("ringpost"), "consume", "kafkaid", "listed", "--until-end", "--socket", daemon.socket()});
  EXPECT_NE(consumed.status, 0) << consumed.output;

  // These brokers create what a client asks for, unless the client says no.
  run({"kcat", "-P", "-b", brokers.addresses(), "-t", "made.by.asking", "-X",
       "allow.auto.create.topics=true"},
      {.standard_input = "1\n", .environment = {}});
  EXPECT_THAT(brokers.topics(), Contains("made.by.asking"));
  EXPECT_THAT(brokers.topics(), Not(Contains("listed")));
  EXPECT_THAT(brokers.topics(), Not(Contains("some.topic")));
  EXPECT_EQ(daemon.status("kafkaid").delivered, 0U);

  for (const Event& event : {listed, some}) {
    brokers.create_topic(event.topic, 3);
    const auto created = steady_clock::now();
    EXPECT_TRUE(becomes(publisher, event, RINGPOST_OK)) << daemon.log();
    std::cout << event.topic << " known again after " << milliseconds_since(created) << " ms\n";
  }
  EXPECT_TRUE(wait_until([&] { return daemon.status("kafkaid").delivered == 2; })) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
