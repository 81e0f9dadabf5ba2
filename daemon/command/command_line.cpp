#include "daemon/command/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "daemon/config/values.hpp"

namespace ringpost::daemon {
namespace {

std::vector<std::string> names_of_commands(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    names.push_back(command->get_name());
  }
  return names;
}

}  // namespace

std::string command_problem(const CLI::App& root, int argc, char** argv) {
  const CLI::App* app = &root;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::vector<std::string> names = names_of_commands(*app);
    if (names.empty() || word.starts_with('-')) {
      return {};
    }
    if (std::ranges::find(names, word) != names.end()) {
      app = app->get_subcommand(word);
      continue;
    }
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const auto near = nearest(word, candidates);
    const std::string of = app == &root ? "" : fmt::format(" of {}", app->get_name());
    return fmt::format("there is no command {}{}; {}", in_quotes(word), of,
                       near ? fmt::format("did you mean '{}'?", *near)
                            : fmt::format("there are: {}", fmt::join(names, ", ")));
  }
  return {};
}

}  // namespace ringpost::daemon
