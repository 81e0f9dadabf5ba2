// Who has a partition, and where that is, as the cluster says.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ringpost::kafka {

using BrokerAddresses = std::map<std::int32_t, std::string>;  // by id; "kafka1:9092"

struct Replicas {
  std::int32_t leader = -1;           // a broker's id; -1: none
  std::vector<std::int32_t> in_sync;  // the leader, too: acks=all waits for each of them
};

}  // namespace ringpost::kafka
