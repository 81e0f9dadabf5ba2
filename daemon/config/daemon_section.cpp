#include <algorithm>

#include "daemon/config/sections.hpp"
#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

void check_socket(Section& section, const std::string& socket) {
  if (!socket.starts_with('/')) {
    section.problem("socket", fmt::format("is {}; must be an absolute path", in_quotes(socket)));
  } else if (socket.ends_with('/') || socket.find('\0') != std::string::npos) {
    section.problem("socket", fmt::format("is {}; must be the path of a file", in_quotes(socket)));
  } else if (socket.size() > kSocketPathMaxBytes) {
    section.problem("socket", fmt::format("has {} bytes; a socket's path has at most {}", socket.size(),
                                          kSocketPathMaxBytes));
  }
}

void read_state_dir(Section& section, std::string& state_dir) {
  section.read_string("state_dir", state_dir);
  if (!state_dir.starts_with('/')) {
    section.problem("state_dir", fmt::format("is {}; must be an absolute path", in_quotes(state_dir)));
  } else if (state_dir.find('\0') != std::string::npos ||
             state_dir.find_first_not_of('/') == std::string::npos) {
    section.problem("state_dir", fmt::format("is {}; must be the path of a folder of its own, such as \"{}\"",
                                             in_quotes(state_dir), kStateDirDefault));
  } else if (state_dir.size() > kStateDirMaxBytes) {
    section.problem("state_dir", fmt::format("has {} bytes; a state_dir's path has at most {}",
                                             state_dir.size(), kStateDirMaxBytes));
  } else {
    state_dir.erase(state_dir.find_last_not_of('/') + 1);
  }
}

void read_client_limits(Section& section, DaemonConfig& config) {
  section.read_integer("clients_max", config.clients_max, 1, kClientsMax);
  const bool per_user_given = section.find("clients_per_user_max") != nullptr;
  config.clients_per_user_max = std::min(kClientsPerUserDefault, config.clients_max);
  section.read_integer("clients_per_user_max", config.clients_per_user_max, 1, kClientsMax);
  if (per_user_given && config.clients_per_user_max > config.clients_max) {
    section.problem("clients_per_user_max", fmt::format("is {}, more than clients_max ({})",
                                                        config.clients_per_user_max, config.clients_max));
  }
}

void read_lane_memory(Section& section, DaemonConfig& config) {
  section.read_size("lane_memory_max", config.lane_memory_max_bytes, kLaneMemoryMinBytes,
                    kLaneMemoryMaxBytes);
  const bool per_user_given = section.find("lane_memory_per_user_max") != nullptr;
  config.lane_memory_per_user_max_bytes =
      std::min(kLaneMemoryPerUserDefaultBytes, config.lane_memory_max_bytes);
  section.read_size("lane_memory_per_user_max", config.lane_memory_per_user_max_bytes, kLaneMemoryMinBytes,
                    kLaneMemoryMaxBytes);
  if (per_user_given && config.lane_memory_per_user_max_bytes > config.lane_memory_max_bytes) {
    section.problem("lane_memory_per_user_max",
                    fmt::format("is \"{}\", more than lane_memory_max (\"{}\")",
                                format_size(config.lane_memory_per_user_max_bytes),
                                format_size(config.lane_memory_max_bytes)));
  }
}

}  // namespace

DaemonConfig read_daemon(const toml::table& table, Problems& problems) {
  Section section(table, "daemon", problems);
  DaemonConfig config;
  section.read_bool("enabled", config.enabled);
  section.read_string("socket", config.socket);
  check_socket(section, config.socket);
  read_state_dir(section, config.state_dir);
  section.read_choice(
      "sync", config.sync,
      {{"always", SyncPolicy::kAlways}, {"interval", SyncPolicy::kInterval}, {"never", SyncPolicy::kNever}});
  section.read_duration("sync_interval", config.sync_interval, kSyncIntervalMin, kSyncIntervalMax);
  section.read_choice(
      "log", config.log,
      {{"auto", LogTarget::kAuto}, {"journald", LogTarget::kJournald}, {"stderr", LogTarget::kStderr}});
  section.read_choice("log_level", config.log_level,
                      {{"debug", LogLevel::kDebug},
                       {"info", LogLevel::kInfo},
                       {"warning", LogLevel::kWarning},
                       {"error", LogLevel::kError}});
  section.read_duration("stop_timeout", config.stop_timeout, std::chrono::milliseconds(0), kStopTimeoutMax);
  section.read_duration("daemon_grace", config.daemon_grace, kDaemonGraceMin, kDaemonGraceMax);
  read_client_limits(section, config);
  read_lane_memory(section, config);
  constexpr std::string_view kInstance = "[instance.NAME]";
  section.finish({{"brokers", kInstance},
                  {"topics", kInstance},
                  {"send_timeout", kInstance},
                  {"buffer_size", kInstance},
                  {"lane_size", kInstance},
                  {"spool", kInstance},
                  {"dead_letters", kInstance},
                  {"topic", "[instance.NAME.topic.NAME]"},
                  {"allow", kInstance}});
  return config;
}

}  // namespace ringpost::daemon
