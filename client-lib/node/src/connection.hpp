// The process's connections to daemons. Threads (worker_threads) that ask for the same one share it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "client-lib/ringpost.hpp"

namespace ringpost::node {

struct ConnectOptions {
  std::optional<std::string> socket_path;
  std::optional<std::string> client_name;
  int timeout_ms = 0;  // as connect_timeout_ms of ringpost_options
};

// The one that another caller with the same path and name has, if it is of use now; else a new one. nullptr: `code`,
// and ringpost_last_error_message(), say why not. It ends with its last owner.
std::shared_ptr<Client> connect(const ConnectOptions& options, int& code);

}  // namespace ringpost::node
