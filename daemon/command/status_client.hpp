// Asks the daemon for its status: one question and one answer over the control socket.
#pragma once

#include <string>
#include <string_view>

namespace ringpost::daemon {

struct StatusAnswer {
  std::string json;     // what the daemon says; empty when there is a problem
  std::string problem;  // empty, or what, where and what to do
};

// Waits up to five seconds. Thread-safe: each call has a connection of its own.
StatusAnswer ask_status(std::string_view socket_path);

}  // namespace ringpost::daemon
