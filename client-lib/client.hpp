// What a handle leads to in one process: the channels, and the control thread that keeps them.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <utility>

#include "client-lib/channel_table.hpp"
#include "client-lib/control_thread.hpp"
#include "client-lib/inherited_descriptors.hpp"
#include "client-lib/outage.hpp"

namespace ringpost::client {

struct Client {
  explicit Client(Settings settings)
      : availability(settings.socket_path), control(std::move(settings), channels, availability, inherited) {}

  const std::uint32_t process_id = static_cast<std::uint32_t>(::getpid());
  ChannelTable channels;
  Availability availability;
  InheritedDescriptors inherited;
  ControlThread control;
};

}  // namespace ringpost::client
