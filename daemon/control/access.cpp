#include "daemon/control/access.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "daemon/config/overflow_ids.hpp"

namespace ringpost::daemon {
namespace {

std::vector<gid_t> supplementary_groups(int socket) {
  std::vector<gid_t> groups(64);
  for (;;) {
    auto size_bytes = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size_bytes) == 0) {
      groups.resize(size_bytes / sizeof(gid_t));
      return groups;
    }
    if (errno != ERANGE) return {};
    groups.resize(size_bytes / sizeof(gid_t));  // the kernel has said how much it is
  }
}

template <typename Id>
bool is_listed(const std::vector<Id>& listed, Id id, Id overflow) {
  return id != overflow && std::find(listed.begin(), listed.end(), id) != listed.end();
}

}  // namespace

std::string text_of(const ipc::Peer& peer) {
  const std::string user = peer.uid == overflow_uid() ? fmt::format("uid {} (it has none here)", peer.uid)
                                                      : fmt::format("uid {}", peer.uid);
  return peer.pid == 0 ? user + ", in another pid namespace" : fmt::format("{}, pid {}", user, peer.pid);
}

Credentials credentials_of(int socket) { return {ipc::peer_of(socket), supplementary_groups(socket)}; }

bool may_use(const AllowConfig& allow, const Credentials& who) {
  if (allow.everybody() || who.peer.uid == 0) return true;
  const auto in_group = [&](gid_t group) { return is_listed(allow.group_ids, group, overflow_gid()); };
  return is_listed(allow.user_ids, who.peer.uid, overflow_uid()) || in_group(who.peer.gid) ||
         std::any_of(who.groups.begin(), who.groups.end(), in_group);
}

bool may_see_all(const Credentials& who, uid_t own) {
  return who.peer.uid == 0 || (who.peer.uid == own && own != overflow_uid());
}

}  // namespace ringpost::daemon
