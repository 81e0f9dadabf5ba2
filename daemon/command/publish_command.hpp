// `ringpost publish`: a script host of one call, through the same C ABI as every other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/command/endpoint.hpp"

namespace ringpost::daemon {

struct PublishHeader {
  std::string name;
  std::optional<std::string> value;  // nullopt: a null header
};

struct PublishOptions {
  EndpointOptions endpoint;
  std::string instance;
  std::string topic;
  std::string message = "-";  // "-": standard input
  std::optional<std::string> key;
  std::vector<PublishHeader> headers;  // in the order of the command line
  bool lines = false;                  // one event a line of standard input
  bool retry = false;                  // wait and go on from the refused event, where that can help
};

int run_publish(const PublishOptions& options);  // the exit code

}  // namespace ringpost::daemon
