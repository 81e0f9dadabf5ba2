// `ringpost audit`.
#pragma once

#include <string>

#include "daemon/command/endpoint.hpp"

namespace ringpost::daemon {

struct AuditOptions {
  EndpointOptions endpoint;
  std::string instance;  // empty: all
  bool json = false;
};

int run_audit(const AuditOptions& options);  // the exit code

}  // namespace ringpost::daemon
