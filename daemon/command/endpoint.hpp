// Where the daemon is, from what the command line and the environment say.
#pragma once

#include <optional>
#include <string>

#include "daemon/config/config.hpp"

namespace ringpost::daemon {

// The options that find the daemon; empty: not given.
struct EndpointOptions {
  std::string socket;       // --socket
  std::string config_file;  // --config
};

struct Endpoint {
  std::string socket;            // never empty
  std::optional<Config> config;  // of --config, when given
};

// --socket, else the socket of --config, else RINGPOST_SOCKET, else the default path. nullopt when --config
// names a file that is wrong: its problems have been written to stderr then, and the exit code is
// kExitConfig.
std::optional<Endpoint> find_endpoint(const EndpointOptions& options);

// Writes each problem on a line of its own to stderr.
void print_problems(const LoadResult& result, const std::string& path);

// The instance of that name; nullptr when there is none.
const InstanceConfig* find_instance(const Config& config, const std::string& name);

}  // namespace ringpost::daemon
