// Signals, and what the program says about itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

#include "ipc/descriptor.hpp"
#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

const std::string kUnreachable = "[instance.kafkaid]\nbrokers = [\"127.0.0.1:1\"]\ntopics = [\"orders\"]\n";

bool has_logged(const Daemon& daemon, const std::string& text) {
  return wait_until([&] { return daemon.log().find(text) != std::string::npos; });
}

TEST(Signal, TheStartSaysWhatRuns) {
  Daemon daemon(kUnreachable);
  EXPECT_TRUE(has_logged(daemon, "no keeper runs"));
  EXPECT_THAT(daemon.log(), HasSubstr("librdkafka 2."));
  EXPECT_THAT(daemon.log(), HasSubstr("instance kafkaid: 127.0.0.1:1, 1 topics"));
}

TEST(Signal, SigtermTellsTheClientsAndRemovesTheSocketOnly) {
  Daemon daemon(kUnreachable);
  RawClient client = client_with_lane(daemon.socket());
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
  EXPECT_EQ(client.standing(), ipc::Standing::kStopping);
  EXPECT_TRUE(client.is_ended());
  EXPECT_FALSE(std::filesystem::exists(daemon.socket()));
  EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(daemon.socket()).parent_path()));
}

TEST(Signal, WhileItStopsNothingNewIsTakenAndASecondSigtermEndsIt) {
  Daemon daemon(kUnreachable, "stop_timeout = \"10min\"\n");
  RawClient client = client_with_lane(daemon.socket());
  ASSERT_TRUE(client.publish("orders", "1"));
  daemon.process().signal(SIGTERM);
  ASSERT_TRUE(wait_until([&] { return client.standing() == ipc::Standing::kStopping; }));

  EXPECT_THROW(RawClient another(daemon.socket()), std::runtime_error);
  EXPECT_EQ(refusal_of(client.open_lane(0)), ipc::Refusal::kStopping);
  EXPECT_TRUE(client.ping());
  EXPECT_TRUE(daemon.process().running());
  daemon.process().signal(SIGTERM);
  EXPECT_EQ(daemon.process().wait(), 1) << daemon.log();
  EXPECT_THAT(daemon.log(), HasSubstr("ending at once"));
}

TEST(Signal, WhatIsLeftGoesToDiskAndIsSaidWithFigures) {
  Daemon daemon(kUnreachable, "stop_timeout = \"100ms\"\n");
  RawClient client = client_with_lane(daemon.socket());
  ASSERT_TRUE(client.publish("orders", "1"));
  ASSERT_TRUE(client.publish("orders", "2"));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_THAT(daemon.log(), HasSubstr("instance kafkaid: 2 of 2 accepted events wait on disk"));
  daemon.start();
  EXPECT_EQ(daemon.status("kafkaid").waiting, 2U);
  EXPECT_EQ(daemon.status("kafkaid").accepted, 2U);
}

TEST(Signal, WithoutADiskWhatIsLeftIsSaidWithFigures) {
  Daemon daemon(kUnreachable + "spool = \"0\"\n", "stop_timeout = \"100ms\"\n");
  RawClient client = client_with_lane(daemon.socket());
  ASSERT_TRUE(client.publish("orders", "1"));
  ASSERT_TRUE(client.publish("orders", "2"));
  EXPECT_EQ(daemon.stop(), 0);
  EXPECT_THAT(daemon.log(), HasSubstr("instance kafkaid: 2 of 2 accepted events did not reach Kafka"));
}

TEST(Signal, SystemdIsToldWhenItServesAndWhenItStops) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("notify");
  const ipc::Descriptor notify(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(notify.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto next_message = [&] {
    std::array<char, 4096> text{};
    const ssize_t size = ::recv(notify.get(), text.data(), text.size(), 0);
    return std::string(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  };

  write_file(directory.file("ringpost.toml"), "[daemon]\nsocket = \"" + directory.file("sock") +
                                                  "\"\nstate_dir = \"" + directory.file("state") +
                                                  "\"\nlog = \"stderr\"\n" + kUnreachable);
  ProcessOptions options;
  options.environment = {{"NOTIFY_SOCKET", path}};
  Process daemon({program("ringpostd"), "--config", directory.file("ringpost.toml")}, options);
  std::string message = next_message();
  EXPECT_THAT(message, AllOf(HasSubstr("READY=1"), HasSubstr("WATCHDOG=1"),
                             HasSubstr("STATUS=0 clients. kafkaid: connecting, nothing waits")));
  RawClient client(directory.file("sock"));  // listens already
  daemon.signal(SIGTERM);
  while (message.find("STOPPING=1") == std::string::npos) message = next_message();
  EXPECT_THAT(next_message(), HasSubstr("EXTEND_TIMEOUT_USEC="));
  EXPECT_EQ(daemon.wait(), 0) << daemon.errors();
}

TEST(Program, SaysItsVersionsAndRefusesWrongArguments) {
  const Outcome version = run({program("ringpostd"), "--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.output, HasSubstr("librdkafka 2."));
  EXPECT_EQ(run({program("ringpostd"), "--help"}).status, 0);
  EXPECT_EQ(run({program("ringpostd")}).status, 64);
  EXPECT_EQ(run({program("ringpostd"), "--config", "x", "--no-such-option"}).status, 64);
  EXPECT_EQ(run({program("ringpostd"), "--config", "/no/such/file"}).status, 78);
}

TEST(Program, APropertyThatOnlyLibrdkafkaKnowsToBeWrongIsTheConfigurationsFault) {
  const TemporaryDirectory directory;
  write_file(directory.file("ringpost.toml"),
             "[daemon]\nsocket = \"" + directory.file("sock") + "\"\n" + kUnreachable +
                 "[instance.kafkaid.librdkafka]\n\"no.such.property\" = \"1\"\n");
  const Outcome outcome = run({program("ringpostd"), "--config", directory.file("ringpost.toml")});
  EXPECT_EQ(outcome.status, 78);
  EXPECT_THAT(outcome.errors, HasSubstr("no.such.property"));
}

}  // namespace
}  // namespace ringpost::tests
