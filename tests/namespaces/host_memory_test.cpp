// 500 script hosts, by the kernel's own count: each pays for its lane, and the daemon needs no more than its formula says.
//
// Not under sanitizers, which need several times as much.
#if !defined(RINGPOST_SANITIZER_ADDRESS) && !defined(RINGPOST_SANITIZER_THREAD)
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <iostream>
#include <string>

#include <boost/json.hpp>

#include "tests/namespaces/memory_group.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"

namespace ringpost::tests {
namespace {

constexpr int kHosts = 500;
constexpr int kEventsOfAHost = 300;  // of 1 KiB, from each: more than a lane holds
constexpr std::uint64_t kMebibyte = 1U << 20;
constexpr std::uint64_t kDaemonsBufferBytes = 32 * kMebibyte;
constexpr std::uint64_t kLanesBytes = kHosts * (256U << 10);

class HostMemory : public testing::Test {
 protected:
  // Again, with no more memory than it says that it may need.
  void start_within_its_bound() {
    const Outcome status = run({program("ringpost"), "status", "--json", "--socket", daemon_.socket()});
    bound_bytes_ = boost::json::parse(status.output).at("memory_bound_bytes").to_number<std::uint64_t>();
    ASSERT_EQ(daemon_.stop(), 0) << daemon_.log();
    daemon_group_.limit(bound_bytes_);
    daemon_.launch(daemon_group_.around({}));
    daemon_.wait_until_serving();
    daemon_.wait_until_connected("kafkaid");
  }

  // They publish, and stay.
  std::vector<std::string> hosts() const {
    return hosts_group_.around({"bash", "-c",
                                "line=\"\\\"$(printf '%01000d' 0)\\\"\"\n"
                                "for _ in $(seq " +
                                    std::to_string(kHosts) + "); do (yes \"$line\" | head -n " +
                                    std::to_string(kEventsOfAHost) + "; exec sleep infinity) | " +
                                    program("ringpost") + " publish --socket " + daemon_.socket() +
                                    " kafkaid orders --lines --retry & done; wait"});
  }

  MemoryGroup daemon_group_{"daemon"};
  MemoryGroup hosts_group_{"hosts"};
  MockCluster kafka_{{"orders"}};
  Daemon daemon_{"[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() +
                     "\"]\ntopics = [\"orders\"]\nbuffer_size = \"32MiB\"\nlane_size = \"256KiB\"\n"
                     "lanes_per_client_max = 1\nmax_event_size = \"16KiB\"\n",
                 "clients_max = 500\nclients_per_user_max = 500\n"};
  std::uint64_t bound_bytes_ = 0;
};

TEST_F(HostMemory, ScriptHostsPayForTheirLanesAndTheDaemonForItsBuffer) {
  start_within_its_bound();
  {
    Process hosts(this->hosts());
    ASSERT_TRUE(wait_until([&] {
      return daemon_.status("kafkaid").delivered == std::uint64_t{kHosts} * kEventsOfAHost;
    })) << daemon_.log();
    EXPECT_EQ(daemon_.status("kafkaid").clients, std::uint64_t{kHosts});
    const Outcome one_more =
        run({program("ringpost"), "publish", "--socket", daemon_.socket(), "kafkaid", "orders", "{}"});
    EXPECT_NE(one_more.status, 0);
    EXPECT_THAT(one_more.errors, testing::HasSubstr("clients_per_user_max = 500"));

    std::cout << kHosts << " script hosts are charged for " << hosts_group_.shared_bytes() / kMebibyte
              << " MiB of " << kLanesBytes / kMebibyte << " MiB of lanes, ringpostd for "
              << daemon_group_.shared_bytes() / kMebibyte << " MiB of shared memory; at most "
              << daemon_group_.largest_bytes() / kMebibyte << " MiB in all of " << bound_bytes_ / kMebibyte
              << std::endl;
    EXPECT_GE(hosts_group_.shared_bytes(), kLanesBytes);
    EXPECT_LE(daemon_group_.shared_bytes(), kDaemonsBufferBytes + kLanesBytes / 4);
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
