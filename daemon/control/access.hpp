// Who is at the other end of a connection, as the kernel says, and what the configuration lets them use.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "ipc/control_socket.hpp"

namespace ringpost::daemon {

// "uid 1001, pid 4711", for logs; without a number of ours for what has none here.
std::string text_of(const ipc::Peer& peer);

// Taken when the connection was made: a process that changes its user later keeps what it had.
struct Credentials {
  ipc::Peer peer;
  std::vector<gid_t> groups;  // supplementary

  std::string text() const { return text_of(peer); }
};

Credentials credentials_of(int socket);

// Root may use everything, everybody may use what has no `allow`. Who has no number here, being of another user namespace, is
// on no list (overflow_ids.hpp).
bool may_use(const AllowConfig& allow, const Credentials& who);

// Root and the daemon's own user see every instance in the status; the others only those that they may use. A daemon that runs as
// the user whose number all the others have has no user of its own.
bool may_see_all(const Credentials& who, uid_t own = ::geteuid());

}  // namespace ringpost::daemon
