// What a handle leads to in one process: the channels, and the control thread that keeps them.
#pragma once

#include <string>

#include "client-lib/channel_table.hpp"
#include "client-lib/control_thread.hpp"
#include "client-lib/inherited_descriptors.hpp"
#include "client-lib/outage.hpp"

namespace ringpost::client {

struct Client {
  explicit Client(Settings settings) : control(std::move(settings), channels, availability, inherited) {}

  ChannelTable channels;
  Availability availability;
  InheritedDescriptors inherited;
  ControlThread control;
};

}  // namespace ringpost::client
