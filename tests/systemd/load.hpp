// 20,000 events a second from 4 processes, each to kafkaid/orders with a key of its own, while a consumer looks at each of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/attack/account.hpp"
#include "tests/attack/shared_file.hpp"
#include "tests/support/process.hpp"
#include "tests/survival/follower.hpp"

namespace ringpost::tests {

class Load {
 public:
  explicit Load(const std::string& socket);

  // Throws with what has gone wrong so far: a call that failed, an event that came out of order or was left out.
  void check();
  // Waits until so many more events than now have arrived.
  void wait_for(std::uint64_t more);
  // Kills the publishers, in the middle of their calls: what each was in may have been accepted or not.
  void kill();
  // The same where it was not done before, and waits until all that they were told is accepted has arrived. How many events
  // that were.
  std::uint64_t finish();

  std::uint64_t accepted() const;  // that they were told

  double per_second() const;
  std::uint64_t duplicates() const { return follower_.duplicates(); }
  std::chrono::milliseconds longest_pause() const { return follower_.longest_pause(); }

  static constexpr std::uint64_t kPerSecond = 20'000;
  static constexpr std::size_t kProcesses = 4;

 private:
  std::string look(const std::string& message);
  bool all_arrived();
  const Accounts::Account& account(std::size_t process) const { return (*accounts_[process])->of_thread[0]; }

  TemporaryDirectory directory_;
  std::vector<std::unique_ptr<SharedFile<Accounts>>> accounts_;
  std::mutex mutex_;
  std::map<std::string, std::uint32_t> next_;  // by publisher
  std::vector<std::unique_ptr<Process>> publishers_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  Follower follower_;
};

}  // namespace ringpost::tests
