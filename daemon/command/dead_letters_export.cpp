#include <fmt/format.h>

#include <cstdio>

#include "daemon/command/dead_letters.hpp"
#include "daemon/command/dead_letters_reading.hpp"
#include "daemon/command/dead_letters_text.hpp"

namespace ringpost::daemon {

int run_dead_letters_export(const DeadLettersOptions& options) {
  const int code = read_dead_letters(real_files(), options,
                                     [](const StoredLetter& letter, LetterState state, Place /*place*/) {
                                       fmt::print("{}\n", letter_json_with_payload(letter, state));
                                     });
  return finish_output(code);
}

}  // namespace ringpost::daemon
