// `ringpost consume`: reads a topic of an instance, from Kafka itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/command/endpoint.hpp"

namespace ringpost::daemon {

struct ConsumeOptions {
  EndpointOptions endpoint;
  std::string instance;
  std::string topic;
  std::string from = "beginning";      // or "end", or an offset
  std::optional<std::uint64_t> count;  // ends after so many records
  bool until_end = false;              // ends at what was the end when it began
  bool json = false;
};

int run_consume(const ConsumeOptions& options);  // the exit code

}  // namespace ringpost::daemon
