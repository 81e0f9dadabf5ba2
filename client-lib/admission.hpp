// May this event go into this lane now? All that the boards have to say about it.
#pragma once

#include <cstddef>

#include "client-lib/event_view.hpp"
#include "client-lib/failure.hpp"
#include "client-lib/lane_slot.hpp"

namespace ringpost::client {

struct Verdict {
  int code = 0;  // RINGPOST_OK: it may
  Cause cause = Cause::kNone;
  std::uint64_t number = 0;
  std::uint64_t detail = 0;
};

// Topic, size and (with `check_json`) the message's grammar; then whether the instance accepts anything. The caller
// holds the lane's claim. `bytes_max`: the largest event (key + headers + message) that topic, instance and lane allow.
Verdict admit(LaneSlot& lane, const EventView& event, bool check_json, std::size_t& bytes_max);

Verdict check_message(std::string_view message);

// What every event would be answered at this moment.
Verdict standing_of(const InstanceLink& link);

// The board's figures, for a message.
Figures figures_of(const InstanceLink& link);

}  // namespace ringpost::client
