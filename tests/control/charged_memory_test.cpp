// Who is charged for what of the shared memory, by the kernel's own count, with 500 script hosts; and that the daemon needs no more
// than its formula says.
//
// Not under sanitizers, which need several times as much.
#if !defined(RINGPOST_SANITIZER_ADDRESS) && !defined(RINGPOST_SANITIZER_THREAD)
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <iostream>
#include <string>

#include <boost/json.hpp>

#include "tests/control/memory_group.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"

namespace ringpost::tests {
namespace {

constexpr int kHosts = 500;
constexpr int kEvents = 300;  // of 1 KiB, from each: more than a lane holds
constexpr std::uint64_t kMiB = 1U << 20;
constexpr std::uint64_t kBufferBytes = 32 * kMiB;
constexpr std::uint64_t kLanesBytes = kHosts * (256U << 10);

class ChargedMemory : public testing::Test {
 protected:
  // Again, with no more memory than it says that it may need.
  void start_within_its_bound() {
    const Outcome status = run({program("ringpost"), "status", "--json", "--socket", daemon_.socket()});
    bound_bytes_ = boost::json::parse(status.output).at("memory_bound_bytes").to_number<std::uint64_t>();
    ASSERT_EQ(daemon_.stop(), 0) << daemon_.log();
    daemon_group_.limit(bound_bytes_);
    daemon_.launch(daemon_group_.command());
    daemon_.wait_until_serving();
    daemon_.wait_until_connected("kafkaid");
  }

  // They publish, and stay.
  std::vector<std::string> hosts() const {
    std::vector<std::string> command = hosts_group_.command();
    command.insert(command.end(),
                   {"bash", "-c",
                    "line=\"\\\"$(printf '%01000d' 0)\\\"\"\n"
                    "for _ in $(seq " +
                        std::to_string(kHosts) + "); do (yes \"$line\" | head -n " + std::to_string(kEvents) +
                        "; exec sleep infinity) | " + program("ringpost") + " publish --socket " +
                        daemon_.socket() + " kafkaid orders --lines --retry & done; wait"});
    return command;
  }

  const std::string unique_ = std::to_string(::getpid());
  MemoryGroup daemon_group_{"ringpost-daemon-" + unique_};
  MemoryGroup hosts_group_{"ringpost-hosts-" + unique_};
  MockCluster kafka_{{"orders"}};
  Daemon daemon_{"[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() +
                     "\"]\ntopics = [\"orders\"]\nbuffer_size = \"32MiB\"\nlane_size = \"256KiB\"\n"
                     "lanes_per_client_max = 1\nmax_event_size = \"16KiB\"\n",
                 "clients_max = 500\nclients_per_user_max = 500\n"};
  std::uint64_t bound_bytes_ = 0;
};

TEST_F(ChargedMemory, ScriptHostsPayForTheirLanesAndTheDaemonForItsBuffer) {
  start_within_its_bound();
  {
    Process hosts(this->hosts());
    ASSERT_TRUE(wait_until([&] {
      return daemon_.status("kafkaid").delivered == std::uint64_t{kHosts} * kEvents;
    })) << daemon_.log();
    EXPECT_EQ(daemon_.status("kafkaid").clients, std::uint64_t{kHosts});
    const Outcome one_more =
        run({program("ringpost"), "publish", "--socket", daemon_.socket(), "kafkaid", "orders", "{}"});
    EXPECT_NE(one_more.status, 0);
    EXPECT_THAT(one_more.errors, testing::HasSubstr("clients_per_user_max = 500"));

    std::cout << kHosts << " script hosts are charged for " << hosts_group_.shared_bytes() / kMiB
              << " MiB of " << kLanesBytes / kMiB << " MiB of lanes, ringpostd for "
              << daemon_group_.shared_bytes() / kMiB << " MiB of shared memory; at most "
              << daemon_group_.largest_bytes() / kMiB << " MiB in all of " << bound_bytes_ / kMiB
              << std::endl;
    EXPECT_GE(hosts_group_.shared_bytes(), kLanesBytes);
    EXPECT_LE(daemon_group_.shared_bytes(), kBufferBytes + kLanesBytes / 4);
  }
  hosts_group_.kill();
  // Whose memory it was does not matter once nobody has it any more.
  EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").clients == 0; }));
  EXPECT_TRUE(wait_until([&] { return hosts_group_.shared_bytes() < kLanesBytes / 4; }))
      << hosts_group_.shared_bytes() << " bytes of lanes of hosts that are gone are still there";
  EXPECT_EQ(daemon_group_.killed(), 0U);
  EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
}

}  // namespace
}  // namespace ringpost::tests
#endif
