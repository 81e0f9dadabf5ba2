// Everything that may happen to a client at once, at random instants: see storm_test.cpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "client-lib/ringpost.hpp"
#include "tests/attack/ledger.hpp"
#include "tests/client/fake_daemon.hpp"

namespace ringpost::tests {

class Storm {
 public:
  using Random = std::mt19937_64;

  explicit Storm(std::uint64_t seed);
  ~Storm();
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

  // Lets all of it loose for that many steps of the slowest actor, waits for its end, and drains what is left.
  void rage(std::uint32_t steps);

  const Ledger& ledger() const { return ledger_; }
  // By author: stamp and number of what arrived.
  const std::map<std::uint32_t, std::vector<std::pair<std::int64_t, std::uint32_t>>>& arrived() const {
    return arrived_;
  }
  std::uint64_t counted_refusals();
  // All lanes that the client has can be claimed at once.
  bool can_claim_every_lane();

 private:
  void publish_on();         // one of the threads that publish until the end
  void let_mayflies_live();  // threads that end, or are cancelled, wherever they are
  void let_handles_come_and_go();
  void close_under_a_reservation(Random& random);
  void send_signals();
  void fork_children();
  void replace_boards();  // by a daemon that dies and comes back
  void drain();

  Random random();  // one for each actor
  void step(Random& random, Author& author);

  const std::uint64_t seed_;
  std::atomic<std::uint32_t> randoms_{0};
  Ledger& ledger_;
  FakeDaemon daemon_;
  Client client_;
  std::atomic<bool> over_{false};
  std::atomic<std::uint32_t> steps_left_{0};
  std::atomic<std::uint32_t> doorbell_number_{0};
  std::vector<pthread_t> publishers_;
  std::atomic<std::uint32_t> publishers_ready_{0};
  std::map<std::uint32_t, std::vector<std::pair<std::int64_t, std::uint32_t>>> arrived_;
};

}  // namespace ringpost::tests
