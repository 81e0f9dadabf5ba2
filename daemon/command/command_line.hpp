// What the parts of the command line share. Of the program only: nothing else here knows CLI11.
#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "daemon/command/dead_letters.hpp"

namespace ringpost::daemon {

inline constexpr const char* kExitCodes =
    "Exit codes: 0 done; 1 something was refused or failed; 2 wrong command line; 69 no daemon; 78 wrong "
    "configuration.";

inline std::string footer(const char* examples) { return std::string(examples) + "\n\n" + kExitCodes; }

// The options of a subcommand, and what it does.
struct Command {
  CLI::App* app = nullptr;
  std::function<int()> run;
};

Command add_dead_letters(CLI::App& root, DeadLettersOptions& options);

// What is wrong with the first word that stands for a command and is none; CLI11 says only that one is
// required.
std::string command_problem(const CLI::App& root, int argc, char** argv);

}  // namespace ringpost::daemon
