// The rival of bench_end_to_end: a script host that has librdkafka in its own process and uses it as its users do, with the
// settings of our daemon's producer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace ringpost::bench {

class PlainProducer {
 public:
  struct Settings {
    std::string brokers;
    std::string topic;
    std::string codec;
    std::chrono::milliseconds linger;
  };
  // Throws std::invalid_argument when librdkafka refuses the settings.
  explicit PlainProducer(const Settings& settings);
  ~PlainProducer();
  PlainProducer(const PlainProducer&) = delete;
  PlainProducer& operator=(const PlainProducer&) = delete;

  // Copies everything, as it must: the message is the script's. With the two headers of the page's example and a third
  // one as long as a ringpost-id. False: its queue is full.
  bool produce(std::string_view message, std::string_view key);
  // Takes the delivery reports that have come; waits for the first one at most so long.
  void poll(int timeout_ms);
  static const char* librdkafka_version();
  std::uint64_t delivered() const;  // throws std::runtime_error when one was not

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringpost::bench
