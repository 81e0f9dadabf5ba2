// Ten thousand connections, and a thousand clients that come and go: the quotas hold at every look, each refusal has
// its name, who was there before is served, and nothing is left of the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/control/neighbours.hpp"
#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/process.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

const std::string kInstance =
    "[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\nlane_size = \"64KiB\"\n";

// What clients cause in the daemon, to be as it was when they are gone.
struct Footprint {
  std::size_t descriptors = 0;
  std::size_t mappings = 0;  // of lanes and boards
  bool within(const Footprint& other) const {
    return descriptors <= other.descriptors && mappings <= other.mappings;
  }
};

Footprint footprint_of(pid_t pid) {
  const std::string process = "/proc/" + std::to_string(pid);
  Footprint found;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(process + "/fd"))
    ++found.descriptors;
  const std::string maps = read_file(process + "/maps");
  for (std::size_t at = maps.find("/memfd:ringpost"); at != std::string::npos;
       at = maps.find("/memfd:ringpost", at + 1)) {
    ++found.mappings;
  }
  return found;
}

// The crowd's processes have this test's user: while they connect, who asks may be told to try again later.
boost::json::value status_of(const Daemon& daemon) {
  ipc::Received answer;
  wait_until([&] {
    answer = RawClient(daemon.socket()).ask_status();
    return refusal_of(answer) != ipc::Refusal::kTooManyConnections;
  });
  return boost::json::parse(status_text(answer));
}

std::uint64_t number_at(const boost::json::value& object, const char* name) {
  return object.at(name).to_number<std::uint64_t>();
}

struct Flood {
  std::uint32_t welcome = 0;
  std::uint32_t named = 0;   // refused with a name
  std::uint32_t silent = 0;  // ended without a word
};

// Connects so often at once, says hello each time, tells what came of it, and stays until its parent has seen it.
void flood(const std::string& socket, int connections, int results, int go) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  Flood outcome;
  std::vector<RawClient> clients;
  for (int number = 0; number < connections; ++number) {
    for (;;) {
      try {
        clients.emplace_back(socket);
        break;
      } catch (
          const std::runtime_error&) {  // the queue of connections is full: that is the flood's own doing
        ::usleep(1'000);
      }
    }
    clients.back().send_hello();
    const ipc::Received answer = clients.back().receive();
    const bool refused = refusal_of(answer) == ipc::Refusal::kTooManyClients ||
                         refusal_of(answer) == ipc::Refusal::kTooManyConnections;
    ++(refused                                                ? outcome.named
       : answer.frame.header.type == ipc::FrameType::kWelcome ? outcome.welcome
                                                              : outcome.silent);
  }
  [[maybe_unused]] const ssize_t written = ::write(results, &outcome, sizeof outcome);
  char byte = 0;
  [[maybe_unused]] const ssize_t ended = ::read(go, &byte, 1);
  ::_exit(0);
}

TEST(HostileCrowd, TenThousandConnections) {
  constexpr int kProcesses = 20;
  constexpr int kEach = 500;
  constexpr std::uint32_t kClientsMax = 40;
  Daemon daemon(kInstance, "clients_max = 40\nclients_per_user_max = 40\n");
  daemon.wait_until_connected("kafkaid");
  Neighbours neighbours(daemon, "kafkaid");
  ASSERT_TRUE(neighbours.go_on());
  const Footprint before = footprint_of(daemon.process().pid());

  std::array<int, 2> results{};
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe2(results.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(go.data(), O_CLOEXEC), 0);
  std::vector<pid_t> children;
  for (int number = 0; number < kProcesses; ++number) {
    children.push_back(::fork());
    if (children.back() == 0) {
      ::close(go[1]);
      flood(daemon.socket(), kEach, results[1], go[0]);
    }
  }
  Flood all;
  for (int number = 0; number < kProcesses; ++number) {
    Flood one;
    ASSERT_EQ(::read(results[0], &one, sizeof one), ssize_t(sizeof one));
    all.welcome += one.welcome;
    all.named += one.named;
    all.silent += one.silent;
  }
  EXPECT_EQ(all.welcome, kClientsMax - 2);
  EXPECT_EQ(all.named, std::uint32_t{kProcesses} * kEach - all.welcome);
  EXPECT_EQ(all.silent, 0U);
  // With all of them there, an administrator is told, and the neighbours are served.
  const boost::json::value status = status_of(daemon);
  EXPECT_EQ(number_at(status, "clients"), kClientsMax);
  EXPECT_GE(number_at(status.at("refused"), "too_many_clients") +
                (status.at("refused").as_object().contains("too_many_connections")
                     ? number_at(status.at("refused"), "too_many_connections")
                     : 0),
            all.named);
  EXPECT_TRUE(neighbours.go_on());

  ::close(go[0]);
  ::close(go[1]);
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  ::close(results[0]);
  ::close(results[1]);
  EXPECT_TRUE(wait_until([&] { return footprint_of(daemon.process().pid()).within(before); }))
      << footprint_of(daemon.process().pid()).descriptors << " descriptors, " << before.descriptors
      << " before";
  EXPECT_TRUE(wait_until([&] { return number_at(status_of(daemon), "clients") == 2; }));
  EXPECT_TRUE(neighbours.go_on());
  EXPECT_EQ(neighbours.fault(), "");
}

// One wave: processes with 50 handles each, of which every second one is killed.
class Wave {
 public:
  Wave(const Daemon& daemon, int processes, int handles, int events) {
    for (int number = 0; number < processes; ++number) {
      clients_.push_back(std::make_unique<Process>(
          std::vector<std::string>{program("crowd_client"), daemon.socket(), std::to_string(handles),
                                   std::to_string(events)},
          ProcessOptions{.standard_input = "", .hold_standard_input = true, .environment = {}}));
    }
  }
  bool is_ready() const {
    for (const auto& client : clients_) {
      if (!client->output().ends_with('\n')) return false;
    }
    return true;
  }
  void add_to(std::uint64_t& open, std::uint64_t& refused, std::uint64_t& accepted) const {
    for (const auto& client : clients_) {
      std::uint64_t of_open = 0;
      std::uint64_t of_refused = 0;
      std::uint64_t of_accepted = 0;
      std::istringstream(client->output()) >> of_open >> of_refused >> of_accepted;
      open += of_open;
      refused += of_refused;
      accepted += of_accepted;
    }
  }
  void end() {
    for (std::size_t at = 0; at < clients_.size(); at += 2) clients_[at]->signal(SIGKILL);
    for (const auto& client : clients_) client->close_standard_input();
    for (const auto& client : clients_) client->wait();
  }

 private:
  std::vector<std::unique_ptr<Process>> clients_;
};

TEST(HostileCrowd, AThousandClientsThatComeAndGo) {
  constexpr int kProcesses = 20;
  constexpr int kHandles = 50;
  constexpr int kEvents = 3;
  constexpr std::uint64_t kClientsMax = 900;
  constexpr std::uint64_t kLaneBytesMax = 100u << 20;  // 1,600 lanes: not three for each
  Daemon daemon(kInstance + "buffer_size = \"8MiB\"\n",
                "clients_max = 1000\nclients_per_user_max = 900\nlane_memory_max = \"100MiB\"\n");
  daemon.wait_until_connected("kafkaid");
  Neighbours neighbours(daemon, "kafkaid");
  ASSERT_TRUE(neighbours.go_on());
  const Footprint before = footprint_of(daemon.process().pid());
  const std::uint64_t lanes_before = number_at(status_of(daemon), "lanes");

  std::uint64_t open = 0;
  std::uint64_t refused = 0;
  std::uint64_t accepted = 0;
  for (int number = 0; number < 2; ++number) {
    Wave wave(daemon, kProcesses, kHandles, kEvents);
    EXPECT_TRUE(wait_until([&] {
      const boost::json::value status = status_of(daemon);
      const boost::json::value& user = status.at("users").at(0);
      EXPECT_LE(number_at(user, "clients"), kClientsMax);
      EXPECT_LE(number_at(user, "connections"), kClientsMax + 20);
      EXPECT_LE(number_at(status, "lane_bytes"), kLaneBytesMax);
      const boost::json::value& instance = status.at("instances").at(0);
      EXPECT_EQ(number_at(instance, "accepted"), number_at(instance, "delivered") +
                                                     number_at(instance, "waiting") +
                                                     number_at(instance, "dead_letters"));
      return wave.is_ready();
    })) << daemon.log();
    wave.add_to(open, refused, accepted);
    wave.end();
  }
  EXPECT_EQ(open + refused, 2U * kProcesses * kHandles);
  EXPECT_GT(open, kClientsMax);
  EXPECT_GT(refused, 0U) << "the quota was never reached";
  const boost::json::value refusals = status_of(daemon).at("refused");
  EXPECT_GT(number_at(refusals, "too_many_clients"), 0U) << refusals;
  EXPECT_GT(number_at(refusals, "lane_memory"), 0U) << refusals;

  EXPECT_TRUE(wait_until([&] {
    const boost::json::value status = status_of(daemon);
    return number_at(status, "clients") == 2 && number_at(status, "clients_departed") == 0 &&
           number_at(status, "lanes") <= lanes_before && footprint_of(daemon.process().pid()).within(before);
  })) << status_of(daemon)
      << footprint_of(daemon.process().pid()).descriptors << " descriptors, " << before.descriptors
      << " before, " << footprint_of(daemon.process().pid()).mappings << " mappings, " << before.mappings
      << " before";
  EXPECT_EQ(neighbours.fault(), "") << daemon.log();
  daemon.wait_until_delivered("kafkaid", accepted + neighbours.accepted());
}

}  // namespace
}  // namespace ringpost::tests
