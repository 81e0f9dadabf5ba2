// The daemon's configuration: one TOML file, checked whole. What each key means to an administrator stands in
// ringpost.toml(5); the ranges and defaults stand in limits.hpp.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/limits.hpp"

namespace ringpost::daemon {

// sysexits' EX_CONFIG: what `ringpostd` and `ringpost check` end with when the configuration is wrong.
inline constexpr int kExitConfig = 78;

enum class LogTarget : std::uint8_t { kAuto, kJournald, kStderr };
enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

// When what is written below state_dir is made to survive the machine's end (fdatasync).
enum class SyncPolicy : std::uint8_t { kAlways, kInterval, kNever };

// [daemon]
struct DaemonConfig {
  bool enabled = true;                       // false: load() has switched every instance off, too
  std::string socket = kSocketDefault;       // absolute, shorter than 108 bytes
  std::string state_dir = kStateDirDefault;  // absolute, without a slash at its end
  SyncPolicy sync = SyncPolicy::kInterval;
  std::chrono::milliseconds sync_interval = kSyncIntervalDefault;  // meaningful only with kInterval
  LogTarget log = LogTarget::kAuto;
  LogLevel log_level = LogLevel::kInfo;
  std::chrono::milliseconds stop_timeout = kStopTimeoutDefault;
  std::chrono::milliseconds daemon_grace = kDaemonGraceDefault;  // where a keeper runs
  std::uint32_t clients_max = kClientsDefault;
  std::uint32_t clients_per_user_max = kClientsPerUserDefault;  // never above clients_max
  std::uint64_t lane_memory_max_bytes = kLaneMemoryDefaultBytes;
  std::uint64_t lane_memory_per_user_max_bytes = kLaneMemoryPerUserDefaultBytes;  // never above the former

  bool operator==(const DaemonConfig&) const = default;
};

// Who may publish: one of these users, or a member of one of these groups. The ids are those of the machine
// on which load() ran; those that stand for everybody of other user namespaces (overflow_ids.hpp) are never among them.
struct AllowConfig {
  std::vector<uid_t> user_ids;
  std::vector<gid_t> group_ids;

  bool everybody() const { return user_ids.empty() && group_ids.empty(); }
  bool operator==(const AllowConfig&) const = default;
};

enum class WhenDisconnected : std::uint8_t { kBuffer, kReject };

// How much is kept of what could not be delivered: what is beyond either limit goes, the oldest first.
struct DeadLettersConfig {
  std::uint64_t size_bytes = kDeadLettersSizeDefaultBytes;
  std::chrono::milliseconds age = kDeadLettersAgeDefault;  // 0: no limit by age

  bool operator==(const DeadLettersConfig&) const = default;
};

// [instance.NAME.topic.NAME]: what holds for a topic, or for those of a "prefix*", in place of the instance's.
struct TopicConfig {
  std::chrono::milliseconds send_timeout{0};  // always given: it is the only key

  bool operator==(const TopicConfig&) const = default;
};

using TopicRules = std::map<std::string, TopicConfig, std::less<>>;  // by name or "prefix*"

// [instance.NAME]
struct InstanceConfig {
  std::string name;  // ^[a-z0-9]{1,64}$
  bool enabled = true;
  bool removed = false;  // not in the file any more; what is left of it becomes dead letters

  bool embedded = false;             // brokers = "embedded": an in-process test cluster
  std::vector<std::string> brokers;  // "host:port" or "[ipv6]:port"; empty when embedded
  std::int32_t embedded_partitions =
      kEmbeddedPartitionsDefault;  // of each topic; meaningful only when embedded

  std::vector<std::string> topics;  // names, "prefix*" patterns, or "*"; at least one

  std::uint32_t unknown_topics_per_client_max = kUnknownTopicsPerClientDefault;
  std::uint32_t unknown_topics_per_user_max = kUnknownTopicsPerUserDefault;

  std::chrono::milliseconds send_timeout{0};  // from the publish on; 0: never gives up. See send_timeout_of()
  std::chrono::milliseconds linger = kLingerDefault;
  WhenDisconnected when_disconnected = WhenDisconnected::kBuffer;
  std::chrono::milliseconds reject_after = kRejectAfterDefault;  // meaningful only with kReject

  std::uint64_t buffer_size_bytes = kBufferSizeDefaultBytes;  // the arena
  std::uint64_t lane_size_bytes = kLaneSizeDefaultBytes;      // a power of two
  std::uint32_t lanes_per_client_max = kLanesPerClientDefault;
  std::uint64_t max_event_size_bytes =
      kEventSizeDefaultBytes;  // key + headers + message; at most half a lane

  std::uint64_t spool_bytes = kSpoolDefaultBytes;  // on disk at most; 0: no spool
  DeadLettersConfig dead_letters;
  TopicRules topic_rules;  // each matches a topic of `topics`

  bool event_id = true;  // whether records carry the ringpost-id header
  AllowConfig allow;
  std::map<std::string, std::string> librdkafka;  // properties passed through; none that Ringpost owns
  std::map<std::string, std::string>
      secret_files;  // of these the ones whose values stand in files, absolute paths

  bool operator==(const InstanceConfig&) const = default;
};

struct Config {
  DaemonConfig daemon;
  std::vector<InstanceConfig> instances;  // by name; at least one

  bool operator==(const Config&) const = default;
};

// One thing that is wrong in the file.
struct ConfigProblem {
  std::uint32_t line = 0;    // from 1; 0 when the file could not be read at all
  std::uint32_t column = 0;  // from 1, in characters
  std::string key;   // the full path, "instance.kafkaid.topics"; empty for the file as such and for syntax
  std::string text;  // what it is and what is allowed; never a secret's value
};

struct LoadResult {
  std::optional<Config> config;         // set if and only if there are no problems
  std::vector<ConfigProblem> problems;  // in the order of the file
  std::string text;                     // load(): the file's, as it was judged
};

// Reads and checks the file. A text that is not TOML at all gives one problem (the first); otherwise every
// wrong, unknown, missing or out-of-range key gives one. Users and groups are looked up on this machine.
LoadResult load(const std::string& path);

// The same for a text that is already in memory. `is_public`: it is from a file that everybody may read.
LoadResult parse(std::string_view text, bool is_public = false);

// "FILE:LINE:COLUMN: KEY: TEXT", without the parts that the problem does not have.
std::string to_string(const ConfigProblem& problem, std::string_view path);

// Whether one of the instance's `topics` allows this name. Does not check the name's own form.
bool topic_is_listed(const InstanceConfig& instance, std::string_view topic);

// How long an event of this topic may wait, from its publish on: what the topic's own rule says, else the longest
// prefix's, else the instance. 0: for ever.
std::chrono::milliseconds send_timeout_of(const InstanceConfig& instance, std::string_view topic);

}  // namespace ringpost::daemon
