// How many connections, clients and lanes there are, of whom, and whether there may be one more. The quotas
// that keep one user's flood from being everybody's.
//
//     connection ──hello──▶ client ──connection ends──▶ departed client ──its lanes are drained──▶ forgotten
//
// A departed client still holds memory: it counts until its last event is in the arena.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "daemon/config/config.hpp"
#include "ipc/frames.hpp"

namespace ringpost::daemon {

// What this process may have, and what it leaves to librdkafka, logs and the rest.
struct Capacity {
  std::uint64_t descriptors_max = 0;  // RLIMIT_NOFILE
  std::uint64_t mappings_max = 0;     // vm.max_map_count
};
// Raises RLIMIT_NOFILE to its hard limit first.
Capacity take_capacity();

struct CensusLimits {
  std::uint32_t clients_max = 0;
  std::uint32_t clients_per_user_max = 0;
  std::uint64_t descriptors_max = 0;
  std::uint64_t lanes_max = 0;  // of all clients
  std::uint64_t lane_bytes_max = 0;
  std::uint64_t lane_bytes_per_user_max = 0;
};
CensusLimits census_limits(const Capacity& capacity, const DaemonConfig& config);

// Why not, by name and with figures.
struct QuotaProblem {
  ipc::Refusal refusal = ipc::Refusal::kNoResources;
  std::string text;
};

class Census {
 public:
  explicit Census(const CensusLimits& limits) : limits_(limits) {}

  // Nothing, or why there can't be one more connection of this user. A few above the clients' quotas are let in, so
  // that they can ask; a few more of them for who administers the daemon (may_see_all), whoever else crowds it.
  std::optional<QuotaProblem> connection_problem(uid_t user, bool administers) const;
  void connected(uid_t user);
  void disconnected(uid_t user);

  // Nothing, or why there can't be one more client of this user, with figures.
  std::optional<QuotaProblem> client_problem(uid_t user) const;
  void client_came(uid_t user);
  void client_departed();
  void client_forgotten(uid_t user, std::uint64_t lanes, std::uint64_t lane_bytes);

  bool may_open_channel() const;
  void channel_opened() { descriptors_ += kDescriptorsPerChannel; }
  void channels_closed(std::uint64_t channels) { descriptors_ -= channels * kDescriptorsPerChannel; }

  std::optional<QuotaProblem> lane_problem(uid_t user, std::uint64_t lane_bytes) const;
  void lane_opened(uid_t user, std::uint64_t lane_bytes);
  void lane_closed(uid_t user, std::uint64_t lane_bytes);

  const CensusLimits& limits() const { return limits_; }
  std::uint64_t clients() const { return clients_ - departed_; }  // connected ones
  std::uint64_t departed() const { return departed_; }
  std::uint64_t connections() const { return connections_; }
  std::uint64_t lanes() const { return lanes_; }
  std::uint64_t lane_bytes() const { return lane_bytes_; }
  struct User {
    std::uint32_t connections = 0;
    std::uint32_t clients = 0;  // departed ones too, and so with the lanes
    std::uint64_t lanes = 0;
    std::uint64_t lane_bytes = 0;
  };
  const std::map<uid_t, User>& users() const { return users_; }

  // KeeperLink has a duplicate of each connection of a client, each doorbell and each lane.
  static constexpr std::uint64_t kDescriptorsPerConnection = 1;  // the socket
  static constexpr std::uint64_t kDescriptorsPerClient =
      4;  // its board, the duplicate, two on their way to it
  static constexpr std::uint64_t kDescriptorsPerChannel = 2;  // the doorbell, the duplicate
  static constexpr std::uint64_t kDescriptorsPerLane = 1;     // the duplicate
  static constexpr std::uint32_t kStrangersPerUserMax = 8;    // above clients_per_user_max
  static constexpr std::uint32_t kStrangersMax = 32;          // above clients_max
  static constexpr std::uint32_t kAdministratorsMax = 8;      // above all of these

 private:
  const User& user(uid_t id) const;
  void forget_if_idle(uid_t id);

  CensusLimits limits_;
  std::map<uid_t, User> users_;
  std::uint64_t connections_ = 0;
  std::uint64_t clients_ = 0;  // departed ones too
  std::uint64_t departed_ = 0;
  std::uint64_t lanes_ = 0;
  std::uint64_t lane_bytes_ = 0;
  std::uint64_t descriptors_ = 0;
};

}  // namespace ringpost::daemon
