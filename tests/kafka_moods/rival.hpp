// Whom Ringpost is compared with: a script host that has librdkafka in its own process, with the settings of our daemon's
// producer, and publishes the same events at the same rate to a topic of its own on the same brokers.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "tests/kafka_moods/events.hpp"

namespace ringpost::tests {

class Rival {
 public:
  Rival(const std::string& brokers, const std::string& topic);
  ~Rival();  // what it has not delivered is purged
  Rival(const Rival&) = delete;
  Rival& operator=(const Rival&) = delete;

  void rest(bool rests) { rests_ = rests || !compared(); }  // publishes nothing for now
  void stop();  // nothing more is published; what was, is still delivered

  std::uint64_t published() const { return published_; }
  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t failed() const { return failed_; }
  bool dead() const { return dead_; }  // a fatal error ends a producer; who uses it must make another one

 private:
  struct Client;
  void publish(const std::string& topic);

  std::atomic<bool> rests_{!compared()};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> over_{false};
  std::atomic<bool> dead_{false};
  std::atomic<std::uint64_t> published_{0};
  std::atomic<std::uint64_t> delivered_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::unique_ptr<Client> client_;
  std::thread thread_;
};

}  // namespace ringpost::tests
