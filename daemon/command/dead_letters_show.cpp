#include <fmt/format.h>

#include <cstdio>

#include "daemon/command/dead_letters.hpp"
#include "daemon/command/dead_letters_reading.hpp"
#include "daemon/command/dead_letters_text.hpp"
#include "daemon/command/exit_codes.hpp"
#include "daemon/config/values.hpp"

namespace ringpost::daemon {

int run_dead_letters_show(const DeadLettersOptions& options) {
  bool found = false;
  const int code = read_dead_letters(
      real_files(), options, [&](const StoredLetter& letter, LetterState state, Place /*place*/) {
        found = true;
        fmt::print("{}{}",
                   options.json ? letter_json_with_payload(letter, state) : letter_for_people(letter, state),
                   options.json ? "\n" : "");
      });
  if (!found && code == kExitOk) {
    fmt::print(
        stderr,
        "ringpost dead-letters: there is no dead letter {}; \"ringpost dead-letters list --state all\" shows "
        "which there are\n",
        in_quotes(options.filter.id));
    return kExitFailed;
  }
  return finish_output(code);
}

}  // namespace ringpost::daemon
