// The daemon's status JSON as numbers, and as the table that `ringpost status` prints.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ringpost::daemon {

struct InstanceReading {
  std::string name;
  std::string state;
  std::string last_error;
  std::string unreachable;
  std::string trouble;
  std::string credentials_problem;
  std::vector<std::string> missing_topics;  // that the cluster does not have
  std::string brokers;                      // "host:port,host:port": what a consumer may start from
  std::uint64_t clients = 0;
  std::uint64_t lanes = 0;
  std::uint64_t accepted = 0;
  std::uint64_t delivered = 0;
  std::uint64_t waiting = 0;
  std::uint64_t dead_letters = 0;
  std::map<std::string, std::uint64_t> dead_letters_by_reason;
  std::map<std::string, std::uint64_t> refused;  // by code
  std::uint64_t oldest_waiting_ms = 0;
  std::uint64_t buffer_bytes = 0;
  std::uint64_t buffer_used_bytes = 0;
  std::uint64_t waiting_on_disk = 0;
  std::uint64_t missing_on_disk = 0;
  std::string disk_problem;  // empty: none
  std::uint64_t spool_bytes = 0;
  std::uint64_t spool_max_bytes = 0;
  std::uint64_t letters_kept = 0;
};

struct StatusReading {
  std::string version;
  std::string librdkafka;
  std::uint64_t pid = 0;
  std::uint64_t uptime_s = 0;
  bool keeper = false;
  std::uint64_t generation = 0;  // which daemon this is, as the keeper counts
  std::uint64_t reloads_refused = 0;
  std::vector<std::string> configuration_problems;  // why the file is not what runs
  std::vector<InstanceReading> instances;
};

// Throws std::runtime_error when the text is no status, or one without something that is needed here. Fields
// that are not known are passed over: a newer daemon may say more.
StatusReading read_status(std::string_view json);

// Empty, or one line for each instance whose accepted is not delivered + waiting + dead letters.
std::vector<std::string> equation_faults(const StatusReading& status);

// For people; ends with a new line.
std::string status_table(const StatusReading& status);

}  // namespace ringpost::daemon
