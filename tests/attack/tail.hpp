// Reads a topic of an embedded cluster while it is being written. The cluster keeps the last 5 MB of each partition only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kafka/consumer.hpp"
#include "tests/support/daemon.hpp"

namespace ringpost::tests {

class Tail {
 public:
  Tail(const std::string& socket, const std::string& topic, const std::string& instance = "kafkaid");

  // The next message; empty when none has come within the tests' deadline. Throws with the consumer's error.
  std::string next();
  // The same, and none when there is none for a tenth of a second.
  std::optional<std::string> next_soon();
  // The `ringpost-id` of what next() gave last.
  const std::string& id() const { return id_; }

 private:
  kafka::Consumer consumer_;
  std::string id_;
};

// {"n":123,...} -> 123; -1: it is none of these.
std::int64_t number_in(std::string_view message);

}  // namespace ringpost::tests
