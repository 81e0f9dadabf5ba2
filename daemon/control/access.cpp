#include "daemon/control/access.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace ringpost::daemon {
namespace {

constexpr std::uint32_t kUnmapped = 65534;  // the kernel's overflow id

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
bool is_listed(const std::vector<Id>& listed, Id id) {
  return id != kUnmapped && std::find(listed.begin(), listed.end(), id) != listed.end();
}

}  // namespace

std::string Credentials::text() const {
  if (peer.pid == 0) return fmt::format("uid {}, in another pid namespace", peer.uid);
  return fmt::format("uid {}, pid {}", peer.uid, peer.pid);
}

Credentials credentials_of(int socket) { return {ipc::peer_of(socket), supplementary_groups(socket)}; }

bool may_use(const AllowConfig& allow, const Credentials& who) {
  if (allow.everybody() || who.peer.uid == 0) return true;
  if (is_listed(allow.user_ids, who.peer.uid) || is_listed(allow.group_ids, who.peer.gid)) return true;
  return std::any_of(who.groups.begin(), who.groups.end(),
                     [&](gid_t group) { return is_listed(allow.group_ids, group); });
}

bool may_see_all(const Credentials& who) { return who.peer.uid == 0 || who.peer.uid == ::geteuid(); }

}  // namespace ringpost::daemon
