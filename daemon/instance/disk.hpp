// An instance's part of state_dir: its spool and its dead letters, as far as they can be used.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/disk/dead_letters.hpp"
#include "daemon/disk/spool.hpp"
#include "daemon/instance/arena.hpp"
#include "daemon/instance/disk_config.hpp"

namespace ringpost::daemon {

struct Disk {
  std::string directory;                 // the instance's own; empty: there is none
  std::unique_ptr<DeadLetters> letters;  // null: dead records are counted, logged and gone
  std::unique_ptr<Spool> spool;          // null: what the arena does not hold is refused
  std::string problem;                   // why something that is configured is not there; empty: nothing
  // Records of the arena that was left which are on disk, too: that is where they count.
  std::vector<Arena::Ticket> moved;
};

// Reads what is there. `left`: the arena of a dead daemon; null where there is none.
Disk open_disk(const InstanceConfig& config, const DiskConfig& disk, const Arena* left);

}  // namespace ringpost::daemon
