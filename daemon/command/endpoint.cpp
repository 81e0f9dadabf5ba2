#include "daemon/command/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace ringpost::daemon {

std::optional<Endpoint> find_endpoint(const EndpointOptions& options) {
  Endpoint endpoint;
  if (!options.config_file.empty()) {
    LoadResult loaded = load(options.config_file);
    if (!loaded.config) {
      print_problems(loaded, options.config_file);
      return std::nullopt;
    }
    endpoint.socket = loaded.config->daemon.socket;
    endpoint.config = std::move(loaded.config);
  } else if (const char* environment = std::getenv("RINGPOST_SOCKET");
             environment != nullptr && *environment != '\0') {
    endpoint.socket = environment;
  } else {
    endpoint.socket = kSocketDefault;
  }
  if (!options.socket.empty()) {
    endpoint.socket = options.socket;
  }
  return endpoint;
}

void print_problems(const LoadResult& result, const std::string& path) {
  for (const ConfigProblem& problem : result.problems) {
    fmt::print(stderr, "{}\n", to_string(problem, path));
  }
}

const InstanceConfig* find_instance(const Config& config, const std::string& name) {
  const auto found = std::ranges::find(config.instances, name, &InstanceConfig::name);
  return found == config.instances.end() ? nullptr : &*found;
}

}  // namespace ringpost::daemon
