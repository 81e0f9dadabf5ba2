// The daemon's memory stays within the formula of daemon/config/memory_bound.hpp with everything full: the buffer, lanes
// that are full, lanes that are holes, as many clients as there may be.
//
// Not under sanitizers: their shadow memory, red zones and quarantines are several times what the daemon itself has.
#if !defined(RINGPOST_SANITIZER_ADDRESS) && !defined(RINGPOST_SANITIZER_THREAD)
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>

#include "ipc/lane_layout.hpp"
#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

constexpr std::size_t kLaneBytes = 256u << 10;
constexpr int kClients = 1'000;
constexpr int kFull = 126;   // clients with four full lanes each
constexpr int kHoles = 126;  // clients with four lanes of which the daemon reads holes

// In bytes: what is resident, and what of it is shared memory.
std::uint64_t resident_bytes(pid_t pid) {
  std::istringstream lines(read_file("/proc/" + std::to_string(pid) + "/smaps_rollup"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Rss:")) return std::stoull(line.substr(4)) * 1'024;
  }
  return 0;
}

boost::json::value status_of(const Daemon& daemon) {
  RawClient asker(daemon.socket());
  return boost::json::parse(asker.status());
}

std::uint64_t number_at(const boost::json::value& object, const char* name) {
  return object.at(name).to_number<std::uint64_t>();
}

// The smallest events that there are, for they weigh most.
void fill(RawClient& client) {
  while (client.publish("o", "1")) {
  }
}

void raise_own_descriptors() {
  rlimit files{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
  files.rlim_cur = files.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
}

TEST(Memory, StaysWithinItsFormulaWithEverythingFull) {
  raise_own_descriptors();
  MockCluster cluster({"o"});
  Daemon daemon(
      "[instance.kafkaid]\nbrokers = [\"" + cluster.brokers() +
          "\"]\ntopics = [\"o\"]\nlane_size = \"256KiB\"\nlanes_per_client_max = 4\nmax_event_size = "
          "\"64KiB\"\nbuffer_size = \"32MiB\"\nspool = \"0\"\n",
      "clients_max = 1000\nclients_per_user_max = 1000\nlane_memory_max = \"256MiB\"\n");
  daemon.wait_until_connected("kafkaid");
  const std::uint64_t bound_bytes = number_at(status_of(daemon), "memory_bound_bytes");
  cluster.pause();  // from now on nothing leaves

  std::vector<RawClient> clients;
  clients.reserve(kClients);
  for (int number = 0; number < kFull; ++number) {
    clients.push_back(client_with_lane(daemon.socket()));
    fill(clients.back());
    for (int lane = 1; lane < 4; ++lane) {
      if (clients.back().open_lane(0).frame.header.type == ipc::FrameType::kLane) fill(clients.back());
    }
  }
  // The buffer is full when what is in the lanes stays there.
  std::uint64_t accepted = 0;
  EXPECT_TRUE(wait_until([&] {
    for (RawClient& client : clients) fill(client);
    const boost::json::value status = status_of(daemon);
    const boost::json::value& instance = status.at("instances").at(0);
    const std::uint64_t before = std::exchange(accepted, number_at(instance, "accepted"));
    return number_at(instance, "buffer_used_bytes") == number_at(instance, "buffer_bytes") &&
           before == accepted;
  })) << status_of(daemon);

  // All of their lanes first: one that is found out costs its client all others.
  std::vector<ipc::Mapping> headers;
  for (int number = 0; number < kHoles; ++number) {
    clients.push_back(client_with_lane(daemon.socket()));
    for (int lane = 0; lane < 4; ++lane) {
      if (lane != 0 && clients.back().open_lane(0).frame.header.type != ipc::FrameType::kLane) break;
      const ipc::Descriptor& memory = clients.back().lane_memory();
      ::fallocate(memory.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, ipc::kLaneRingOffset, kLaneBytes);
      headers.push_back(ipc::map(memory, ipc::Access::kReadWrite, 0, ipc::kPageBytes));
    }
  }
  for (const ipc::Mapping& header : headers) {
    static_cast<ipc::LaneHeader*>(header.get_address())->tail.store(kLaneBytes, std::memory_order_release);
  }
  while (clients.size() < kClients) {
    clients.emplace_back(daemon.socket());
    ASSERT_EQ(clients.back().hello().frame.header.type, ipc::FrameType::kWelcome);
    clients.back().open_instance(0);
  }
  EXPECT_TRUE(
      wait_until([&] { return number_at(status_of(daemon).at("instances").at(0), "malformed_lanes") != 0; }));

  const std::uint64_t used_bytes = resident_bytes(daemon.process().pid());
  const boost::json::value status = status_of(daemon);
  EXPECT_EQ(number_at(status, "clients"), std::uint64_t{kClients});
  EXPECT_EQ(number_at(status, "lane_bytes"), (kFull + kHoles) * 4 * kLaneBytes);
  EXPECT_GT(used_bytes, 32u << 20) << "the buffer alone is more: is this the daemon's figure?";
  EXPECT_LE(used_bytes, bound_bytes) << status;
  std::cout << "resident " << (used_bytes >> 20) << " MiB, the formula's bound " << (bound_bytes >> 20)
            << " MiB\n";
  clients.clear();
  cluster.resume();
  EXPECT_TRUE(wait_until([&] { return number_at(status_of(daemon).at("instances").at(0), "waiting") == 0; }));
  EXPECT_EQ(daemon.stop(), 0) << daemon.log();
}

}  // namespace
}  // namespace ringpost::tests
#endif
