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

CensusLimits census_limits(const Capacity& capacity, const DaemonConfig& config) {
  // Each lane is one mapping. A quarter of the descriptors and half of the mappings stay for everything else.
  return {config.clients_max,        config.clients_per_user_max,  capacity.descriptors_max / 4 * 3,
          capacity.mappings_max / 2, config.lane_memory_max_bytes, config.lane_memory_per_user_max_bytes};
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

std::optional<QuotaProblem> Census::connection_problem(uid_t id, bool administers) const {
  const std::uint64_t more = administers ? kAdministratorsMax : 0;
  const std::uint64_t of_user = std::uint64_t{limits_.clients_per_user_max} + kStrangersPerUserMax + more;
  const std::uint64_t of_all = std::uint64_t{limits_.clients_max} + kStrangersMax + more;
  if (user(id).connections >= of_user) {
    return QuotaProblem{ipc::Refusal::kTooManyConnections,
                        fmt::format("uid {} has {} connections, with clients_per_user_max = {}", id,
                                    user(id).connections, limits_.clients_per_user_max)};
  }
  if (connections_ >= of_all) {
    return QuotaProblem{ipc::Refusal::kTooManyConnections,
                        fmt::format("the daemon has {} connections, with clients_max = {}: try again later",
                                    connections_, limits_.clients_max)};
  }
  if (descriptors_ + kDescriptorsPerConnection > limits_.descriptors_max) {
    return QuotaProblem{
        ipc::Refusal::kNoResources,
        fmt::format("the daemon has {} connections and no descriptors for more (RLIMIT_NOFILE)",
                    connections_)};
  }
  return std::nullopt;
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

std::optional<QuotaProblem> Census::client_problem(uid_t id) const {
  const std::string departed =
      departed_ == 0 ? std::string() : fmt::format(", {} of all gone but not drained yet", departed_);
  if (user(id).clients >= limits_.clients_per_user_max) {
    return QuotaProblem{
        ipc::Refusal::kTooManyClients,
        fmt::format("uid {} has {} clients (clients_per_user_max = {}){}: share one in each process", id,
                    user(id).clients, limits_.clients_per_user_max, departed)};
  }
  if (clients_ >= limits_.clients_max) {
    return QuotaProblem{ipc::Refusal::kTooManyClients,
                        fmt::format("the daemon has {} clients (clients_max = {}){}: try again later",
                                    clients_, limits_.clients_max, departed)};
  }
  if (descriptors_ + kDescriptorsPerClient > limits_.descriptors_max) {
    return QuotaProblem{
        ipc::Refusal::kNoResources,
        fmt::format("the daemon has {} clients and no descriptors for more (RLIMIT_NOFILE)", clients_)};
  }
  return std::nullopt;
}

void Census::client_came(uid_t id) {
  ++users_[id].clients;
  ++clients_;
  descriptors_ += kDescriptorsPerClient;
}

void Census::client_departed() { ++departed_; }

void Census::client_forgotten(uid_t id, std::uint64_t lanes, std::uint64_t lane_bytes) {
  assert(users_.contains(id) && users_[id].clients > 0 && departed_ > 0 && users_[id].lanes >= lanes &&
         users_[id].lane_bytes >= lane_bytes);
  User& user = users_[id];
  --user.clients;
  user.lanes -= lanes;
  user.lane_bytes -= lane_bytes;
  --clients_;
  --departed_;
  lanes_ -= lanes;
  lane_bytes_ -= lane_bytes;
  descriptors_ -= kDescriptorsPerClient + lanes * kDescriptorsPerLane;
  forget_if_idle(id);
}

std::optional<QuotaProblem> Census::lane_problem(uid_t id, std::uint64_t lane_bytes) const {
  if (user(id).lane_bytes + lane_bytes > limits_.lane_bytes_per_user_max) {
    return QuotaProblem{
        ipc::Refusal::kLaneMemory,
        fmt::format("uid {} has {} lanes of {} MiB in all (lane_memory_per_user_max = {} MiB)", id,
                    user(id).lanes, user(id).lane_bytes / kMiB, limits_.lane_bytes_per_user_max / kMiB)};
  }
  if (lane_bytes_ + lane_bytes > limits_.lane_bytes_max) {
    return QuotaProblem{
        ipc::Refusal::kLaneMemory,
        fmt::format("the daemon has {} lanes of {} MiB in all (lane_memory_max = {} MiB): try "
                    "again later",
                    lanes_, lane_bytes_ / kMiB, limits_.lane_bytes_max / kMiB)};
  }
  if (descriptors_ + kDescriptorsPerLane > limits_.descriptors_max) {
    return QuotaProblem{
        ipc::Refusal::kNoResources,
        fmt::format("the daemon has {} lanes and no descriptors for more (RLIMIT_NOFILE): try again later",
                    lanes_)};
  }
  if (lanes_ >= limits_.lanes_max) {
    return QuotaProblem{
        ipc::Refusal::kNoResources,
        fmt::format("the daemon has {} lanes and can't map more (vm.max_map_count): try again later",
                    lanes_)};
  }
  return std::nullopt;
}

void Census::lane_opened(uid_t id, std::uint64_t lane_bytes) {
  User& user = users_[id];
  ++user.lanes;
  user.lane_bytes += lane_bytes;
  ++lanes_;
  lane_bytes_ += lane_bytes;
  descriptors_ += kDescriptorsPerLane;
}

void Census::lane_closed(uid_t id, std::uint64_t lane_bytes) {
  assert(users_.contains(id) && users_[id].lanes > 0 && users_[id].lane_bytes >= lane_bytes);
  User& user = users_[id];
  --user.lanes;
  user.lane_bytes -= lane_bytes;
  --lanes_;
  lane_bytes_ -= lane_bytes;
  descriptors_ -= kDescriptorsPerLane;
}

bool Census::may_open_channel() const {
  return descriptors_ + kDescriptorsPerChannel <= limits_.descriptors_max;
}

}  // namespace ringpost::daemon
