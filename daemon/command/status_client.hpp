// Asks the daemon what needs no client: its status, and what becomes of dead letters. One question and one answer over the
// control socket.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/frames.hpp"

namespace ringpost::daemon {

struct StatusAnswer {
  std::string json;     // what the daemon says; empty when there is a problem
  std::string problem;  // empty, or what, where and what to do
};

// Waits up to five seconds. Thread-safe: each call has a connection of its own.
StatusAnswer ask_status(std::string_view socket_path);

// What one instance finds when it counts everything again (daemon/control/audit_json.hpp).
StatusAnswer ask_audit(std::string_view socket_path, std::string_view instance);

struct LettersAnswer {
  std::vector<ipc::LetterResult> results;  // of each letter, in order; empty when there is a problem
  std::string problem;
};

// At most kLettersAtOnceMax of one instance. What it has done when there is a problem is not known.
LettersAnswer ask_letters(std::string_view socket_path, std::string_view instance, ipc::LetterAction action,
                          std::span<const ipc::LetterName> letters);

}  // namespace ringpost::daemon
