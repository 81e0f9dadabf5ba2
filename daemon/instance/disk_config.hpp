// Where an instance keeps what has to outlive the arena.
#pragma once

#include <chrono>
#include <string>

#include "daemon/config/config.hpp"

namespace ringpost::daemon {

struct DiskConfig {
  std::string directory;  // the instance's own; empty: there is no disk
  std::string problem;    // why not, for people
  SyncPolicy sync = SyncPolicy::kInterval;
  std::chrono::milliseconds sync_interval = kSyncIntervalDefault;
};

}  // namespace ringpost::daemon
