// Publishing until there is no room, with a record of each answer.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "tests/support/daemon.hpp"
#include "tests/support/publisher.hpp"

namespace ringpost::tests {

struct Flood {
  std::set<std::string> accepted;  // messages
  std::uint64_t attempted = 0;
  std::uint64_t refused = 0;
  std::vector<std::int64_t> accepted_ns;
  std::vector<std::int64_t> refused_ns;
};

// Publishes numbered events to a topic of the instance "kafkaid" until its buffer, not just the lanes, has no room for
// them. Every refusal has to be BUFFER_FULL.
Flood flood_until_full(Publisher& publisher, const Daemon& daemon, const std::string& topic);

}  // namespace ringpost::tests
