// Sending and receiving frames. No policy here: who may ask what is the daemon's business.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "ipc/descriptor.hpp"
#include "ipc/frames.hpp"

namespace ringpost::ipc {

inline constexpr std::size_t kFrameDescriptorsMax = 2;

struct Received {
  enum class What : std::uint8_t {
    kFrame,
    kNothing,  // non-blocking and nothing there, or the time is over
    kEnd,      // the peer has closed, or the connection is broken
    kGarbage,  // something that is no frame: end the connection
  };
  What what = What::kNothing;
  Frame frame{};
  std::array<Descriptor, kFrameDescriptorsMax> descriptors;  // client side only
};

// Client: connects, close-on-exec. Empty, with errno, where there is nobody.
Descriptor connect_control(std::string_view socket_path);

// Sends one frame whole, with up to two descriptors. False, with errno: it did not leave. Never waits, never
// SIGPIPE.
bool send_frame(int socket, const Frame& frame, std::span<const int> descriptors = {});

// Client: waits up to timeout_ms for one frame.
Received receive_answer(int socket, int timeout_ms);

// Daemon: never waits, and accepts no descriptor. A message with descriptors is garbage and stays where it is: to
// read it would free them, and the last reference to a file can take as long to go as its owner likes.
Received receive_question(int socket);

// Bytes that the peer has not read yet.
std::size_t unread_bytes(int socket);

struct Peer {
  pid_t pid = 0;  // 0: in another pid namespace
  uid_t uid = 65534;
  gid_t gid = 65534;
};
Peer peer_of(int socket);  // SO_PEERCRED

}  // namespace ringpost::ipc
