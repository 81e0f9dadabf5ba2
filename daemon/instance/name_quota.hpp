// Who may bring how many topic names that nobody knows yet. Where a pattern allows names, a client can make up new
// ones without end, and each costs memory and a question to the cluster. So a name counts against its client and its
// client's user, and in all, from the first event on until the cluster has said that there is such a topic. One that
// turned out to be missing goes on counting, for it stays in the table: against the user also when the client has gone.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "ipc/limits.hpp"

namespace ringpost::daemon {

class NameQuota {
 public:
  static constexpr std::size_t kNamesMax = ipc::kTopicsPerInstanceMax;  // of all users

  NameQuota(std::uint32_t per_client_max, std::uint32_t per_user_max)
      : per_client_max_(per_client_max), per_user_max_(per_user_max) {}

  bool may_add(std::uint64_t client_id, uid_t user) const {
    return names_.size() < kNamesMax && count(of_client_, client_id) < per_client_max_ &&
           count(of_user_, user) < per_user_max_;
  }
  void add(std::string_view name, std::uint64_t client_id, uid_t user) {
    if (!names_.try_emplace(std::string(name), Owner{client_id, user}).second) return;
    ++of_client_[client_id];
    ++of_user_[user];
  }
  void exists(std::string_view name) {
    const auto found = names_.find(name);
    if (found == names_.end()) return;
    // A client that is gone has no count any more.
    if (const auto client = of_client_.find(found->second.client_id); client != of_client_.end())
      --client->second;
    --of_user_[found->second.user];
    names_.erase(found);
  }
  void client_gone(std::uint64_t client_id) { of_client_.erase(client_id); }

 private:
  struct Owner {
    std::uint64_t client_id;
    uid_t user;
  };
  template <typename Key>
  static std::uint32_t count(const std::map<Key, std::uint32_t>& counts, Key key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  }

  std::uint32_t per_client_max_;
  std::uint32_t per_user_max_;
  std::map<std::string, Owner, std::less<>> names_;
  std::map<std::uint64_t, std::uint32_t> of_client_;
  std::map<uid_t, std::uint32_t> of_user_;
};

}  // namespace ringpost::daemon
