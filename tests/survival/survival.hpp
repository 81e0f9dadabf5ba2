// What the tests of this folder have in common: a Kafka, a keeper, and a daemon that goes and comes.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "tests/attack/amount.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/mock_cluster.hpp"
#include "tests/survival/keeper.hpp"

namespace ringpost::tests {

// RINGPOST_ATTACK_SEED, or the day on which the fixed one was chosen; printed, so that a failure can be had again.
inline std::uint64_t survival_seed() {
  const char* const given = std::getenv("RINGPOST_ATTACK_SEED");
  const std::uint64_t seed = given != nullptr ? std::strtoull(given, nullptr, 10) : 20261123;
  std::cout << "RINGPOST_ATTACK_SEED=" << seed << std::endl;
  return seed;
}

// A process's sockets, memories and the like; no pipes and no files, which come from whoever has started it.
inline std::vector<std::string> descriptors_of(pid_t pid) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
    std::error_code gone;
    std::string name = std::filesystem::read_symlink(entry, gone).string();
    if (!gone && !name.starts_with("pipe:") && (name.starts_with("/memfd:") || name.front() != '/'))
      found.push_back(std::move(name));
  }
  return found;
}

inline std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += " " + name;
  return list;
}

class Survival : public testing::Test {
 protected:
  Survival() {
    daemon_.wait_until_connected("kafkaid");
    keeper_descriptors_ = descriptors_of(keeper_.process().pid()).size();
    daemon_descriptors_ = descriptors_of(daemon_.process().pid()).size();
  }

  static std::string instance(const std::string& name, const std::string& brokers,
                              const std::string& topics = R"("orders")", const std::string& more = "") {
    return "[instance." + name + "]\nbrokers = [\"" + brokers + "\"]\ntopics = [" + topics + "]\n" + more +
           "\n";
  }

  // Everything that was accepted was delivered, and nothing of those who have gone is left, here or with the keeper.
  void expect_all_delivered_and_forgotten(std::uint64_t events) {
    daemon_.wait_until_delivered("kafkaid", events);
    const InstanceStatus status = daemon_.status("kafkaid");
    EXPECT_EQ(status.accepted, events);
    EXPECT_EQ(status.dead_letters, 0U);
    EXPECT_EQ(daemon_.audit(), "");
    EXPECT_TRUE(wait_until([&] { return daemon_.status("kafkaid").clients == 0; }));
    expect_descriptors(keeper_.process().pid(), keeper_descriptors_);
    // librdkafka's connections come and go.
    expect_descriptors(daemon_.process().pid(), daemon_descriptors_ + 4);
  }

  static void expect_descriptors(pid_t pid, std::size_t count_max) {
    EXPECT_TRUE(wait_until([&] { return descriptors_of(pid).size() <= count_max; }))
        << count_max << " were to stay, not" << list_of(descriptors_of(pid));
  }

  MockCluster kafka_{{"orders", "others"}, 1};
  Keeper keeper_;
  Daemon daemon_{instance("kafkaid", kafka_.brokers()), "", keeper_.environment()};
  std::size_t keeper_descriptors_ = 0;
  std::size_t daemon_descriptors_ = 0;
};

}  // namespace ringpost::tests
