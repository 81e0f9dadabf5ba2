// `ringpost reload`.
#pragma once

#include "daemon/command/endpoint.hpp"

namespace ringpost::daemon {

struct ReloadOptions {
  EndpointOptions endpoint;
};

int run_reload(const ReloadOptions& options);  // the exit code

}  // namespace ringpost::daemon
