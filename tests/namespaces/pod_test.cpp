// Script host and daemon in containers of their own: nothing is shared but the socket's folder, and neither sees the other's pid.
#include "tests/namespaces/pod.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

// Lanes, boards, arenas and the like that a process has open.
std::size_t memories_of(pid_t pid) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone).string().starts_with("/memfd:")) ++count;
  }
  return count;
}

class PodTest : public testing::Test {
 protected:
  PodTest() { pod_.start(); }

  void wait_until_accepted(const std::string& name, std::uint32_t count, Container& host) {
    const bool came = wait_until([&] { return pod_.accepted(name) >= count || !host.running(); });
    ASSERT_TRUE(came && host.running()) << host.log() << pod_.daemon().log();
  }

  Pod pod_;
};

TEST_F(PodTest, PublishingWorksFromOtherNamespacesThroughTheSocketsFolder) {
  constexpr std::uint32_t kEvents = 10'000;
  Container host(pod_.publisher("host", kEvents, 0));
  for (const std::string kind : {"pid", "mnt", "user", "net", "ipc"}) {
    const std::set<std::string> different{host.namespace_of(kind), pod_.daemon().namespace_of(kind),
                                          std::filesystem::read_symlink("/proc/self/ns/" + kind).string()};
    EXPECT_EQ(different.size(), 3U) << kind;
  }
  wait_until_accepted("host", kEvents, host);
  pod_.wait_until_delivered(kEvents);
  const InstanceStatus status = pod_.status();
  EXPECT_EQ(status.accepted, kEvents);
  EXPECT_EQ(status.delivered, kEvents);
  EXPECT_EQ(pod_.records().size(), kEvents);
  EXPECT_EQ(pod_.what_is_wrong_with("host"), "");
  const Outcome audit =
      pod_.daemon().exec({program("ringpost"), "audit", "--config", pod_.folder("ringpost.toml")});
  EXPECT_EQ(audit.status, 0) << audit.output << audit.errors;
}

TEST_F(PodTest, TheSocketIsFoundByRingpostSocketWhereverItsFolderIsMounted) {
  ContainerSpec spec = pod_.host({program("ringpost"), "publish", "kafkaid", "orders", R"({"id":"123"})"});
  spec.mounts = {{pod_.folder("run"), "/run/elsewhere", true}};
  spec.environment["RINGPOST_SOCKET"] = "/run/elsewhere/ringpost.sock";
  Container host(spec);
  EXPECT_EQ(host.wait(), 0) << host.log();
  pod_.wait_until_delivered(1);
}

TEST_F(PodTest, AKilledScriptHostIsNoticedAndItsMemoryGoes) {
  const std::size_t keeper_memories = memories_of(pod_.daemon().first());
  const std::size_t daemon_memories = memories_of(pod_.ringpostd());
  Container host(pod_.publisher("host", 1'000'000, 50));
  wait_until_accepted("host", 2'000, host);
  EXPECT_EQ(pod_.status().clients, 1U);
  EXPECT_GT(memories_of(pod_.daemon().first()), keeper_memories);
  // Of no process that the daemon sees.
  EXPECT_THAT(pod_.daemon().log(), testing::Not(HasSubstr("pid 0")));
  host.kill();
  EXPECT_TRUE(wait_until([&] { return pod_.status().clients == 0; }));
  EXPECT_TRUE(wait_until([&] {
    return memories_of(pod_.daemon().first()) == keeper_memories &&
           memories_of(pod_.ringpostd()) == daemon_memories;
  })) << memories_of(pod_.daemon().first())
      << " and " << keeper_memories << ", " << memories_of(pod_.ringpostd()) << " and " << daemon_memories;
  pod_.wait_until_delivered(pod_.accepted("host"));
  EXPECT_EQ(pod_.what_is_wrong_with("host"), "");
}

TEST_F(PodTest, TheDaemonIsKilledInItsContainerAndNoCallFails) {
  Container host(pod_.publisher("host", 1'000'000, 100));
  for (std::uint32_t kill = 1; kill <= 5; ++kill) {
    wait_until_accepted("host", pod_.accepted("host") + 1'000, host);
    const pid_t before = pod_.ringpostd();
    ASSERT_NE(before, 0);
    ::kill(before, SIGKILL);
    // One that comes meanwhile waits in the socket's queue.
    Container late(
        pod_.host({program("ringpost"), "publish", "kafkaid", "orders", R"({"n":0})", "--key", "late"}));
    EXPECT_EQ(late.wait(), 0) << late.log();
    ASSERT_TRUE(wait_until([&] { return pod_.ringpostd() != 0 && pod_.ringpostd() != before; }))
        << pod_.daemon().log();
  }
  wait_until_accepted("host", pod_.accepted("host") + 1'000, host);
  ASSERT_TRUE(host.running()) << host.log();
  host.kill();
  pod_.wait_until_delivered(pod_.accepted("host") + 5);
  EXPECT_EQ(pod_.what_is_wrong_with("host"), "");
}

// As a runtime does it whose health check fails, or that replaces the image: the keeper ends, too.
TEST_F(PodTest, TheDaemonsContainerIsReplacedAndItsClientsComeBackThroughTheMount) {
  ContainerSpec spec =
      pod_.host({program("ringpost"), "publish", "kafkaid", "orders", "--lines", "--retry", "--key", "key"});
  spec.hold_standard_input = true;
  Container host(spec);
  std::uint32_t line = 0;
  const auto publish = [&] { host.process().write("{\"n\":" + std::to_string(line++) + "}\n"); };
  publish();
  pod_.wait_until_delivered(1);
  for (const int signal : {SIGTERM, SIGKILL}) {
    pod_.daemon().signal(signal);
    EXPECT_EQ(pod_.daemon().wait() == 0, signal == SIGTERM) << pod_.daemon().log();
    publish();  // waits for a daemon
    pod_.start();
    pod_.wait_until_delivered(1);
    publish();
    pod_.wait_until_delivered(2);
  }
  host.process().close_standard_input();
  EXPECT_EQ(host.wait(), 0) << host.log();
  const std::vector<Record> records = pod_.records();
  ASSERT_EQ(records.size(), line);
  for (std::uint32_t number = 0; number < line; ++number)
    EXPECT_EQ(records[number].message, "{\"n\":" + std::to_string(number) + "}");
}

}  // namespace
}  // namespace ringpost::tests
