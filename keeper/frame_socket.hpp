// Sending and receiving over Unix sockets: never waits, never SIGPIPE, and no descriptor stays that nobody wanted.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "keeper/keeper_frames.hpp"

namespace ringpost::keeper {

enum class SendResult : std::uint8_t {
  kSent,
  kLater,  // errno EAGAIN: when poll() says so; all else: when time has passed (descriptors in flight, memory)
  kBroken,  // errno says why
};

// With a descriptor, unless it is below 0.
SendResult send_bytes(int socket, const void* bytes, std::size_t size_bytes, int descriptor);
SendResult send_frame(int socket, const Frame& frame, int descriptor);

struct Received {
  enum class What : std::uint8_t {
    kNothing,  // yet
    kEnd,
    kFrame,
    kOdd,  // no frame of ours, or more than one descriptor; `frame.number` where it has one
  };
  What what = What::kNothing;
  Frame frame{};
  int descriptor = -1;           // the receiver's, of a kFrame
  bool lost_descriptor = false;  // one came, but no number was left for it
};
Received receive_frame(int socket);

struct Peer {
  pid_t pid = 0;  // 0: in another pid namespace
  uid_t uid = 65534;
};
Peer peer_of(int socket);

// A pidfd of the process that made the connection; -1: it is gone, or out of reach.
int pidfd_of(int socket, const Peer& peer);
int open_pidfd(pid_t pid);
bool is_dead(int pidfd);

}  // namespace ringpost::keeper
