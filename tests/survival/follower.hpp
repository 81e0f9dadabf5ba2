// Reads a topic live, in a thread of its own, and drops the copies of what it has had already: what a consumer does that
// goes by the contract.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

#include "tests/attack/tail.hpp"

namespace ringpost::tests {

class Follower {
 public:
  // What is wrong with a message that came for the first time; empty: nothing. Called in the follower's thread.
  using Look = std::function<std::string(const std::string& message)>;

  Follower(const std::string& socket, const std::string& topic, const std::string& instance, Look look);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  // The first thing that was wrong; empty: nothing so far. After it, nothing more is read.
  std::string problem() const;
  std::uint64_t duplicates() const { return duplicates_.load(std::memory_order_relaxed); }
  std::uint64_t arrived() const { return arrived_.load(std::memory_order_relaxed); }
  // The longest time in which none came, once one had.
  std::chrono::milliseconds longest_pause() const {
    return std::chrono::milliseconds(longest_pause_ms_.load(std::memory_order_relaxed));
  }

 private:
  void follow();
  void note(std::string problem);

  Tail tail_;
  Look look_;
  std::unordered_set<std::string> ids_;
  std::atomic<std::uint64_t> duplicates_{0};
  std::atomic<std::uint64_t> arrived_{0};
  std::atomic<std::int64_t> longest_pause_ms_{0};
  std::atomic<bool> over_{false};
  mutable std::mutex mutex_;
  std::string problem_;
  std::thread thread_;
};

}  // namespace ringpost::tests
