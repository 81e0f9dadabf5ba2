#include "daemon/control/census.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

#include <cassert>
#include <fstream>

namespace ringpost::daemon {
namespace {

constexpr std::uint64_t kMappingsDefault = 65'530;  // the kernel's, where /proc does not say

}  // namespace

Capacity take_capacity() {
  Capacity capacity;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    rlimit raised{files.rlim_max, files.rlim_max};
    // A sandbox may forbid it: then the soft limit is what there is.
    capacity.descriptors_max = ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? files.rlim_max : files.rlim_cur;
  }
  capacity.mappings_max = kMappingsDefault;
  std::ifstream("/proc/sys/vm/max_map_count") >> capacity.mappings_max;
  if (capacity.mappings_max == 0) capacity.mappings_max = kMappingsDefault;
  return capacity;
}

CensusLimits census_limits(const Capacity& capacity, std::uint32_t clients_max,
                           std::uint32_t clients_per_user_max) {
  // Each lane is one mapping. A quarter of the descriptors and half of the mappings stay for everything else.
  return {clients_max, clients_per_user_max, capacity.descriptors_max / 4 * 3, capacity.mappings_max / 2};
}

const Census::User& Census::user(uid_t id) const {
  static constexpr User kNobody;
  const auto found = users_.find(id);
  return found == users_.end() ? kNobody : found->second;
}

void Census::forget_if_idle(uid_t id) {
  const auto found = users_.find(id);
  if (found != users_.end() && found->second.connections == 0 && found->second.clients == 0) {
    users_.erase(found);
  }
}

bool Census::may_connect(uid_t id) const {
  return connections_ < std::uint64_t{limits_.clients_max} + kStrangersMax &&
         user(id).connections < std::uint64_t{limits_.clients_per_user_max} + kStrangersPerUserMax &&
         descriptors_ + kDescriptorsPerConnection <= limits_.descriptors_max;
}

void Census::connected(uid_t id) {
  ++users_[id].connections;
  ++connections_;
  descriptors_ += kDescriptorsPerConnection;
}

void Census::disconnected(uid_t id) {
  assert(users_.contains(id) && users_[id].connections > 0);
  --users_[id].connections;
  --connections_;
  descriptors_ -= kDescriptorsPerConnection;
  forget_if_idle(id);
}

std::optional<std::string> Census::client_problem(uid_t id) const {
  const std::string departed =
      departed_ == 0 ? std::string() : fmt::format(", {} of all gone but not drained yet", departed_);
  if (user(id).clients >= limits_.clients_per_user_max) {
    return fmt::format("uid {} has {} clients (clients_per_user_max = {}){}: share one in each process", id,
                       user(id).clients, limits_.clients_per_user_max, departed);
  }
  if (clients_ >= limits_.clients_max) {
    return fmt::format("the daemon has {} clients (clients_max = {}){}: try again later", clients_,
                       limits_.clients_max, departed);
  }
  if (descriptors_ + kDescriptorsPerClient > limits_.descriptors_max) {
    return fmt::format("the daemon has {} clients and no descriptors for more (RLIMIT_NOFILE)", clients_);
  }
  return std::nullopt;
}

void Census::client_came(uid_t id) {
  ++users_[id].clients;
  ++clients_;
  descriptors_ += kDescriptorsPerClient;
}

void Census::client_departed() { ++departed_; }

void Census::client_forgotten(uid_t id, std::uint64_t lanes) {
  assert(users_.contains(id) && users_[id].clients > 0 && departed_ > 0 && lanes_ >= lanes);
  --users_[id].clients;
  --clients_;
  --departed_;
  lanes_ -= lanes;
  descriptors_ -= kDescriptorsPerClient;
  forget_if_idle(id);
}

bool Census::may_open_channel() const {
  return descriptors_ + kDescriptorsPerChannel <= limits_.descriptors_max;
}

}  // namespace ringpost::daemon
