// Who has a partition, as the cluster says.
#pragma once

#include <cstdint>
#include <vector>

namespace ringpost::kafka {

struct Replicas {
  std::int32_t leader = -1;           // a broker's id; -1: none
  std::vector<std::int32_t> in_sync;  // the leader, too: acks=all waits for each of them
};

}  // namespace ringpost::kafka
