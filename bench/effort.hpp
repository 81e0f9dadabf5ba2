// How long a benchmark takes: --smoke shows that it runs, --quick gives figures for daily use, without either they are
// fit to be quoted.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringpost::bench {

enum class Effort : std::uint8_t { kSmoke, kQuick, kFull };

// Takes the option out of the command line.
inline Effort take_effort(int& argc, char** argv) {
  Effort effort = Effort::kFull;
  int kept = 1;
  for (int at = 1; at < argc; ++at) {
    const std::string_view argument = argv[at];
    if (argument == "--smoke") {
      effort = Effort::kSmoke;
    } else if (argument == "--quick") {
      effort = Effort::kQuick;
    } else {
      argv[kept++] = argv[at];
    }
  }
  argc = kept;
  argv[argc] = nullptr;
  return effort;
}

template <typename T>
T of_effort(Effort effort, T smoke, T quick, T full) {
  switch (effort) {
    case Effort::kSmoke:
      return smoke;
    case Effort::kQuick:
      return quick;
    case Effort::kFull:
      break;
  }
  return full;
}

}  // namespace ringpost::bench
