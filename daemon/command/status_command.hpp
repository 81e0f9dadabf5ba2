// `ringpost status`.
#pragma once

#include "daemon/command/endpoint.hpp"

namespace ringpost::daemon {

struct StatusOptions {
  EndpointOptions endpoint;
  bool json = false;
  bool watch = false;  // once a second, until a signal ends it
};

int run_status(const StatusOptions& options);  // the exit code

}  // namespace ringpost::daemon
