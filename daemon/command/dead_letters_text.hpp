// A dead letter as it is printed. README.md has the fields of its JSON.
#pragma once

#include <string>

#include "daemon/command/dead_letters.hpp"

namespace ringpost::daemon {

// One line without its end.
std::string letter_json(const StoredLetter& letter, LetterState state);  // all but the payload
std::string letter_json_with_payload(const StoredLetter& letter, LetterState state);

// Everything, in some lines, the last one ended. What could upset a terminal is shown as \xNN.
std::string letter_for_people(const StoredLetter& letter, LetterState state);

// Key, headers and message together, as max_event_size counts them.
std::size_t letter_event_bytes(const StoredLetter& letter);

}  // namespace ringpost::daemon
