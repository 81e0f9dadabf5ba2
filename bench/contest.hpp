// The same messages by ringpostd and by librdkafka in the caller's own process, with equal settings, to the same broker, in turns;
// and what each needs for one.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cpu_time.hpp"
#include "bench/plain_producer.hpp"
#include "client-lib/ringpost.hpp"
#include "ipc/clock.hpp"
#include "tests/support/daemon.hpp"

namespace ringpost::bench {

inline constexpr std::size_t kContestKeys = 1'000;

// What one side needed for a message, in one round.
struct Cost {
  double per_second = 0;
  double client_us = 0;
  double daemon_us = 0;
  double broker_us = 0;
};

struct ContestSettings {
  std::string brokers;
  pid_t broker = 0;
  std::string topic;
  std::string codec = "lz4";  // as our default
  std::chrono::milliseconds linger{5};
  std::uint64_t messages = 0;  // a round
  bool bare = false;           // neither key nor header, the identity's included
};

class Contest {
 public:
  explicit Contest(ContestSettings settings);

  // Connections, producer ids, first pages: nobody's figures.
  void warm_up();
  // Each returns when all is acknowledged.
  Cost librdkafka();
  Cost ringpost();
  Cost ringpost_paced(std::uint32_t per_second);

 private:
  std::string_view key(std::uint64_t at) const { return keys_[at % keys_.size()]; }
  void publish(std::uint64_t at);
  void wait_until_delivered();

  ContestSettings settings_;
  tests::Daemon daemon_;
  PlainProducer rival_;
  Client client_{nullptr};
  std::vector<std::string> keys_;
  std::uint64_t published_ = 0;
  std::uint64_t room_bytes_ = 0;  // in empty lanes
};

// What is printed of many rounds.
double median(std::vector<double> values);
void print_head();
void print_row(const char* name, const std::vector<Cost>& costs);
// Ours / theirs, the rounds in pairs.
void print_ratio(const char* our_name, const char* their_name, const std::vector<Cost>& theirs,
                 const std::vector<Cost>& ours);

}  // namespace ringpost::bench
