// Reads a topic of an embedded cluster while it is being written. The cluster keeps the last 5 MB of each partition only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "kafka/consumer.hpp"
#include "tests/support/daemon.hpp"

namespace ringpost::tests {

class Tail {
 public:
  Tail(const std::string& socket, const std::string& topic);

  // The next message; empty when none has come within the tests' deadline. Throws with the consumer's error.
  std::string next();
  // The `ringpost-id` of what next() gave last.
  const std::string& id() const { return id_; }

 private:
  kafka::Consumer consumer_;
  std::string id_;
};

// {"n":123,...} -> 123; -1: it is none of these.
std::int64_t number_in(std::string_view message);

}  // namespace ringpost::tests
