// Reads a topic for people and tests: all its partitions, assigned outright. No group, nothing committed, so
// that looking at a topic changes nothing in the cluster.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringpost::kafka {

struct ConsumerConfig {
  enum class From : std::uint8_t { kBeginning, kEnd, kOffset };

  std::string instance;  // for client.id
  std::string bootstrap_servers;
  std::map<std::string, std::string> properties;  // of the instance: those about transport are taken
  std::string topic;
  From from = From::kBeginning;
  std::int64_t offset = 0;  // with kOffset, in each partition
  bool until_end = false;   // ends where each partition ended when it was reached
  std::chrono::milliseconds connect_timeout{10'000};
};

// Its views are valid until the next call of next().
struct ConsumedRecord {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = -1;  // Unix epoch, UTC; -1: none
  std::optional<std::string_view> key;
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>>
      headers;                              // nullopt: a null header
  std::optional<std::string_view> message;  // nullopt: a tombstone
};

// One thread at a time.
class Consumer {
 public:
  // Throws std::invalid_argument for a property that librdkafka refuses, std::runtime_error when no broker
  // answers within the time-out or there is no such topic.
  explicit Consumer(const ConsumerConfig& config);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  enum class Next : std::uint8_t { kRecord, kNothingYet, kEnd, kError };
  // Waits up to `timeout`. After kError, error() says why; reading may go on.
  Next next(ConsumedRecord& record, std::chrono::milliseconds timeout);
  const std::string& error() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::kafka
