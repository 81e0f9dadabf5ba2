// Whether anything grows while the service runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/attack/amount.hpp"
#include "tests/support/publisher.hpp"
#include "tests/systemd/installed.hpp"

namespace ringpost::tests {
namespace {

class Resources : public Installed {};

// Script hosts come, publish and go, and sometimes the broker goes, too: after each round all is as it was. The long form is an
// hour of it: scripts/attack soak.
TEST_F(Resources, NothingGrows) {
  struct Sample {
    std::uint64_t resident_kib = 0;
    std::size_t descriptors = 0;
  };
  const auto sample = [this](const std::string& unit) {
    const std::string process = "/proc/" + shown("MainPID", unit);
    std::istringstream lines(box_.read(process + "/status"));
    Sample now;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("VmRSS:")) now.resident_kib = std::stoull(line.substr(6));
    }
    const std::filesystem::directory_iterator descriptors(box_.outside(process + "/fd"));
    now.descriptors = static_cast<std::size_t>(std::distance(begin(descriptors), end(descriptors)));
    return now;
  };
  // The largest of each in a part of the rounds.
  const auto largest = [](auto first, auto last) {
    Sample most;
    for (; first != last; ++first) {
      most.resident_kib = std::max(most.resident_kib, first->resident_kib);
      most.descriptors = std::max(most.descriptors, first->descriptors);
    }
    return most;
  };
  constexpr std::uint64_t kResidentSlackKib = 8U << 10;
  constexpr int kHosts = 4;
  constexpr int kEvents = 500;
  configure(configuration("buffer_size = \"8MiB\"\nlane_size = \"256KiB\"\nmax_event_size = \"16KiB\""));

  const std::uint32_t rounds = amount(24);
  const std::string message = "{\"padding\":\"" + std::string(1'000, 'x') + "\"}";
  std::map<std::string, std::vector<Sample>> samples;
  std::uint64_t accepted = 0;
  for (std::uint32_t round = 0; round < rounds; ++round) {
    const bool outage = round % 8 == 7;
    if (outage) kafka_.stop_broker(1);
    for (int host = 0; host < kHosts; ++host) {
      Publisher publisher(socket());
      const std::string key = std::to_string(host);
      for (int number = 0; number < kEvents; ++number, ++accepted)
        ASSERT_EQ(publisher.publish_patiently({"kafkaid", "orders", message, key, {}}), 0);
    }
    if (outage) kafka_.start_broker(1);
    ASSERT_TRUE(wait_until([&] { return status().clients == 0; })) << journal();
    wait_until_connected();
    const InstanceStatus settled = wait_until_settled();
    ASSERT_EQ(settled.accepted, accepted);
    ASSERT_EQ(settled.delivered, accepted);
    for (const char* const unit : {"ringpostd", "ringpost-keeper"}) samples[unit].push_back(sample(unit));
  }
  for (const auto& [unit, all] : samples) {
    const Sample early = largest(all.begin() + rounds / 4, all.begin() + rounds / 2);
    const Sample late = largest(all.end() - rounds / 4, all.end());
    std::cout << unit << ", " << rounds << " rounds, " << accepted << " events: " << early.resident_kib
              << " KiB and " << early.descriptors << " descriptors in the second quarter, "
              << late.resident_kib << " and " << late.descriptors << " in the last" << std::endl;
    EXPECT_LE(late.resident_kib, early.resident_kib + kResidentSlackKib) << unit;
    EXPECT_LE(late.descriptors, early.descriptors) << unit;
  }
  EXPECT_EQ(shown("NRestarts"), "0");
}

}  // namespace
}  // namespace ringpost::tests
