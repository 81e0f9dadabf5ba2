// Frames to and from the keeper. No policy here: keeper_link.hpp has it.
#pragma once

#include <cstdint>
#include <string>

#include "ipc/descriptor.hpp"
#include "keeper/keeper_frames.hpp"

namespace ringpost::daemon {

struct KeeperFrame {
  enum class What : std::uint8_t {
    kFrame,
    kNothing,           // yet
    kEnd,               // the keeper has closed, or sent what is no frame
    kOutOfDescriptors,  // a descriptor came, and no number was left for it
  };
  What what = What::kNothing;
  keeper::Frame frame{};
  ipc::Descriptor descriptor;
};

// Not blocking and close-on-exec. Empty, with errno, where nobody listens.
ipc::Descriptor connect_keeper(const std::string& path);

// Both never wait. `descriptor` below 0: none goes with it. False: errno says why.
bool send_to_keeper(int socket, const keeper::Frame& frame, int descriptor);
KeeperFrame receive_from_keeper(int socket);

}  // namespace ringpost::daemon
