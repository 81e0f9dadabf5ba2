// A publish racing with everything that changes under it: lanes opened and retired, boards replaced by a daemon that
// dies and comes back, handles closed under a reservation, forks, signal handlers that publish in the middle of a
// publish, threads that end or are cancelled inside a reservation. No crash; what was accepted is in exactly one lane,
// whole, and in its author's order; nothing else is; and afterwards every lane can be claimed again.
//
// Each storm prints its seed. RINGPOST_ATTACK_SEED=N begins with another one, RINGPOST_ATTACK=N makes N times as many.
#include "tests/attack/storm.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "tests/attack/amount.hpp"

namespace ringpost::tests {
namespace {

constexpr std::uint32_t kStepsOfAStorm = 10;

std::uint64_t first_seed() {
  const char* const given = std::getenv("RINGPOST_ATTACK_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 20261123;
}

void expect_what_was_accepted(const Storm& storm) {
  const Ledger& ledger = storm.ledger();
  EXPECT_EQ(ledger.unexpected, 0) << ringpost_error_name(ledger.unexpected);
  std::uint64_t accepted = 0;
  for (std::uint32_t author = 0; author < ledger.authors; ++author) {
    accepted += ledger.accepted.at(author);
    const auto arrived = storm.arrived().find(author);
    auto events = arrived != storm.arrived().end() ? arrived->second : decltype(arrived->second)();
    ASSERT_EQ(events.size(), ledger.accepted.at(author)) << "author " << author;
    std::stable_sort(events.begin(), events.end(),
                     [](const auto& one, const auto& other) { return one.first < other.first; });
    for (std::uint32_t number = 0; number < events.size(); ++number)
      ASSERT_EQ(events[number].second, number) << "author " << author;
  }
  EXPECT_EQ(ledger.attempted, accepted + ledger.refused);
  EXPECT_GT(accepted, 1'000U);
}

TEST(Storm, LosesNothingAndLeavesNothingClaimed) {
  const std::uint64_t first = first_seed();
  const std::uint32_t storms = std::max(amount(10), 3U);
  for (std::uint64_t seed = first; seed < first + storms; ++seed) {
    std::cout << "storm " << seed << std::endl;
    Storm storm(seed);
    storm.rage(kStepsOfAStorm);
    ASSERT_NO_FATAL_FAILURE(expect_what_was_accepted(storm));
    ASSERT_TRUE(eventually([&] { return storm.can_claim_every_lane(); })) << "a claim leaked";
    EXPECT_LE(storm.counted_refusals(), storm.ledger().refused);
  }
}

bool is_mapped(const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find(name) != std::string::npos) return true;
  }
  return false;
}

// libringpost.so as several threads use it to the last moment, and then live on without it.
TEST(Storm, TheLibraryGoesAndItsThreadsLiveOn) {
  FakeDaemon daemon;
  std::uint64_t accepted = 0;
  std::uint64_t seen = 0;
  const std::uint32_t rounds = amount(50);
  for (std::uint32_t round = 0; round < rounds; ++round) {
    void* const library = ::dlopen(RINGPOST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << ::dlerror();
    const auto symbol = [&]<typename Function>(Function*, const char* name) {
      return reinterpret_cast<Function*>(::dlsym(library, name));
    };
    ringpost_options options{};
    options.socket_path = daemon.socket_path().c_str();
    ringpost_handle* post = nullptr;
    ASSERT_EQ(symbol(&ringpost_open, "ringpost_open")(&options, &post), RINGPOST_OK);
    auto* const publish = symbol(&ringpost_publish, "ringpost_publish");
    std::atomic<std::uint32_t> left{0};
    std::atomic<bool> unloaded{false};
    std::atomic<std::uint64_t> sum{0};
    std::vector<std::thread> threads;
    threads.reserve(3);
    for (int thread = 0; thread < 3; ++thread) {
      threads.emplace_back([&] {
        ringpost_event event{};
        event.instance = "kafkaid";
        event.topic = "orders";
        event.message = "1";
        event.message_size = 1;
        for (int count = 0; count < 200; ++count) sum += publish(post, &event) == RINGPOST_OK ? 1 : 0;
        event.topic = "unknown";
        EXPECT_EQ(publish(post, &event), RINGPOST_UNKNOWN_TOPIC);
        ++left;
        while (!unloaded) std::this_thread::yield();
      });
    }
    while (left != threads.size()) seen += daemon.drain().size();
    symbol(&ringpost_close, "ringpost_close")(post);
    ASSERT_EQ(::dlclose(library), 0);
    EXPECT_FALSE(is_mapped("libringpost.so")) << "round " << round;
    unloaded = true;
    for (std::thread& thread : threads) thread.join();
    accepted += sum;
    seen += daemon.drain().size();
  }
  EXPECT_EQ(seen, accepted);
  EXPECT_GT(accepted, 0U);
}

}  // namespace
}  // namespace ringpost::tests
