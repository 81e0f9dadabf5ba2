// Too many: connections, clients that never read, questions without end, descriptors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

const std::string kInstance = "[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\n";

bool is_welcome(const ipc::Received& received) {
  return received.what == ipc::Received::What::kFrame &&
         received.frame.header.type == ipc::FrameType::kWelcome;
}

TEST(Crowd, OfThreeHundredConnectionsTheQuotaIsServedAndTheOthersAreTold) {
  constexpr std::size_t kQuota = 10;
  Daemon daemon(kInstance, "clients_max = 20\nclients_per_user_max = 10\n");
  std::vector<RawClient> clients;
  std::size_t welcome = 0;
  std::size_t told = 0;
  for (int number = 0; number < 300; ++number) {
    clients.emplace_back(daemon.socket());
    const ipc::Received received = clients.back().hello();
    if (is_welcome(received)) {
      ++welcome;
    } else {
      EXPECT_EQ(refusal_of(received), ipc::Refusal::kTooManyClients);
      EXPECT_THAT(refusal_text(received), HasSubstr("10 clients (clients_per_user_max = 10)"));
      ++told;
    }
  }
  EXPECT_EQ(welcome, kQuota);
  EXPECT_EQ(told, 300 - kQuota);
  EXPECT_TRUE(clients.front().ping());

  clients.erase(clients.begin());
  const auto one_more = [&] { return is_welcome(RawClient(daemon.socket()).hello()); };
  EXPECT_TRUE(wait_until(one_more)) << daemon.log();
}

TEST(Crowd, ConnectionsWithoutAWordDontKeepTheOthersOut) {
  Daemon daemon(kInstance, "clients_max = 4\nclients_per_user_max = 4\n");
  RawClient client(daemon.socket());
  ASSERT_TRUE(is_welcome(client.hello()));
  std::vector<RawClient> silent;
  silent.reserve(300);
  for (int number = 0; number < 300; ++number) silent.emplace_back(daemon.socket());
  EXPECT_TRUE(client.ping());
  const auto one_more = [&] {
    RawClient another(daemon.socket());
    try {
      return is_welcome(another.hello());
    } catch (const std::runtime_error&) {
      return false;  // closed before it could speak: the silent ones still have their time
    }
  };
  EXPECT_TRUE(wait_until(one_more)) << daemon.log();
  EXPECT_TRUE(wait_until([&] { return daemon.log().find("no hello came in time") != std::string::npos; }));
}

TEST(Crowd, ClientsThatNeverReadDontKeepAnyoneFromBeingServed) {
  Daemon daemon(kInstance);
  std::vector<RawClient> deaf;
  for (int number = 0; number < 100; ++number) {
    deaf.emplace_back(daemon.socket());
    ASSERT_TRUE(is_welcome(deaf.back().hello()));
    ASSERT_TRUE(deaf.back().send(index_frame(ipc::FrameType::kOpenInstance, 0)));
  }
  RawClient client = client_with_lane(daemon.socket());
  ASSERT_TRUE(client.publish("orders", "1"));
  EXPECT_TRUE(wait_until(
      [&] { return boost::json::parse(client.status()).at("instances").at(0).at("delivered") == 1; }));
}

TEST(Crowd, StatusWithoutEndKeepsNobodyWaiting) {
  Daemon daemon(kInstance);
  std::vector<RawClient> askers;
  for (int number = 0; number < 50; ++number) {
    askers.emplace_back(daemon.socket());
    ASSERT_TRUE(is_welcome(askers.back().hello()));
  }
  for (int round = 0; round < 5; ++round) {
    for (RawClient& asker : askers) ASSERT_TRUE(asker.send(ipc::make_frame(ipc::FrameType::kStatus, 0)));
    for (RawClient& asker : askers) {
      EXPECT_EQ(asker.receive().frame.header.type, ipc::FrameType::kStatusText);
    }
  }
}

// UBSan looks at an object's type through a pipe, takes it for no object where it can't open one, and ends the daemon.
#ifndef RINGPOST_SANITIZER_ADDRESS
TEST(Crowd, WithoutDescriptorsTheDaemonWaitsAndGoesOn) {
  Daemon daemon(kInstance);
  RawClient client(daemon.socket());
  ASSERT_TRUE(is_welcome(client.hello()));
  const pid_t pid = daemon.process().pid();
  rlimit before{};
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, nullptr, &before), 0);
  const rlimit none{3, before.rlim_max};  // what is open stays open, and nothing more is opened
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &none, nullptr), 0);

  RawClient late(daemon.socket());
  EXPECT_TRUE(wait_until([&] { return daemon.log().find("can't be accepted now") != std::string::npos; }));
  EXPECT_TRUE(client.ping());
  const ipc::Received refused = client.open_instance(0);
  EXPECT_EQ(refusal_of(refused), ipc::Refusal::kNoResources);

  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &before, nullptr), 0);
  EXPECT_TRUE(is_welcome(late.hello()));
  EXPECT_EQ(client.open_instance(0).frame.header.type, ipc::FrameType::kInstance);
}
#endif

}  // namespace
}  // namespace ringpost::tests
