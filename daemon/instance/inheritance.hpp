// What a dead daemon has left of one instance, and the keeper has held since.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "daemon/instance/client.hpp"
#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

struct Inheritance {
  ipc::Descriptor arena;
  ipc::Descriptor journal;
  std::map<std::uint64_t, ipc::Descriptor> lanes;      // by lane id
  std::map<std::uint64_t, ipc::Descriptor> doorbells;  // by client id
  // The client of a lane, by the journal's word; one whose connection has ended before, too.
  std::function<std::shared_ptr<Client>(std::uint64_t client_id)> client_of;

  bool empty() const { return !arena && !journal && lanes.empty(); }
};

// By client: the slot behind the last one that a lane of this journal has on its boards. Empty where there is no journal
// that can be read.
std::map<std::uint64_t, std::uint32_t> next_slots_in(const Inheritance& inheritance);

// It has no lanes, and nothing is left in its arena. False where that can't be read: whoever makes the instance says so.
bool nothing_waits_in(const Inheritance& inheritance);

// A lane that goes on under this daemon.
struct AdoptedLane {
  std::uint64_t lane_id = 0;
  std::uint64_t client_id = 0;
  std::uint64_t capacity_bytes = 0;
  std::uint32_t slot = 0;
};

}  // namespace ringpost::daemon
