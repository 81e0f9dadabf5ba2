// Who is at the other end of a connection, as the kernel says, and what the configuration lets them use.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "ipc/control_socket.hpp"

namespace ringpost::daemon {

// Taken when the connection was made: a process that changes its user later keeps what it had.
struct Credentials {
  ipc::Peer peer;
  std::vector<gid_t> groups;  // supplementary

  // "uid 1001, pid 4711", for logs.
  std::string text() const;
};

Credentials credentials_of(int socket);

// Root may use everything, everybody may use what has no `allow`. 65534 stands for every user and group that
// has no number here (of another user namespace): it is on no list.
bool may_use(const AllowConfig& allow, const Credentials& who);

// Root and the daemon's own user see every instance in the status; the others only those that they may use.
bool may_see_all(const Credentials& who);

}  // namespace ringpost::daemon
