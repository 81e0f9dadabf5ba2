// Connections of processes that are not the holder: they may ask for that, once, and wait for their turn.
//
//     connected ──Take or Offer──▶ waits ──its turn──▶ Holder
//         └── 5 s without a question, anything odd, its end ──▶ closed
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "keeper/frame_socket.hpp"
#include "keeper/log.hpp"
#include "keeper/poll_set.hpp"

namespace ringpost::keeper {

struct Visitor {
  int socket = -1;  // -1: nobody
  int pidfd = -1;
  pid_t pid = 0;
  std::int64_t asks_until_ms = 0;
  bool has_asked = false;
  Frame question{};         // Take or Offer
  std::uint64_t order = 0;  // in which they have asked
  std::uint32_t socket_entry = PollSet::kNothing;
  std::uint32_t pidfd_entry = PollSet::kNothing;
};

class Visitors {
 public:
  static constexpr std::uint32_t kMax = 8;

  // Everybody who waits at the socket: our own user and root may stay, while there is room. False: descriptors or memory
  // are short.
  bool accept_from(int listener, std::int64_t now_ms);
  // A connection that was made for a process. Both descriptors are the visitors' now.
  void add(int socket, int pidfd, pid_t pid, std::int64_t now_ms);

  void watch(PollSet& polls);
  void advance(const PollSet& polls, std::int64_t now_ms);

  // Gives away who has asked first. False: nobody has.
  bool next(Visitor& chosen);
  // Gives away who has offered, and is this process.
  bool next_offer_of(pid_t pid, Visitor& chosen);

 private:
  void read(Visitor& visitor);
  bool give(Visitor* visitor, Visitor& chosen);

  Visitor visitors_[kMax];
  std::uint64_t asked_ = 0;
  Chatter chatter_;
};

// Says no, if the peer has room for it, and closes.
void refuse_and_close(int socket, std::uint64_t number, const char* text);

}  // namespace ringpost::keeper
