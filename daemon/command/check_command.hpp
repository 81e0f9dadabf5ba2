// `ringpost check`: the daemon's own validation of a configuration.
#pragma once

#include <string>

namespace ringpost::daemon {

struct CheckOptions {
  std::string file;
  bool connect = false;  // also ask each instance's brokers
};

int run_check(const CheckOptions& options);  // the exit code

}  // namespace ringpost::daemon
