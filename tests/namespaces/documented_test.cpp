// The commands of docs/containers.md, in their order, in one shell. What they leave is gone with the namespaces that the shell has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>

#include "tests/namespaces/container.hpp"
#include "tests/support/process.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

constexpr std::string_view kPrompt = "    # ";
constexpr std::string_view kGoesOn = "    > ";

TEST(Documented, TheCommandsOfContainersWork) {
  require_containers();
  std::istringstream text(read_file(source_file("docs/containers.md")));
  std::string script = "set -e; mount -t tmpfs none /srv\n";
  int commands = 0;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with(kPrompt)) ++commands;
    if (line.starts_with(kPrompt) || line.starts_with(kGoesOn)) script += line.substr(kPrompt.size()) + "\n";
  }
  EXPECT_GE(commands, 10) << "docs/containers.md does not show its commands as this test looks for them";
  const std::string programs = program("ringpostd").substr(0, program("ringpostd").rfind('/'));
  const Outcome outcome = run(
      {"unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--", "bash", "-c", script},
      {.standard_input = "",
       .hold_standard_input = false,
       .environment = {{"PATH", programs + ":" + std::getenv("PATH")}}});
  EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.errors;
  EXPECT_THAT(outcome.output, HasSubstr("1 accepted, 0 refused"));
  EXPECT_THAT(outcome.output, HasSubstr("with keeper"));
  EXPECT_THAT(outcome.errors, HasSubstr("was ended by signal 9: it is started again"));
  EXPECT_THAT(outcome.errors, HasSubstr("ringpostd has stopped"));
}

}  // namespace
}  // namespace ringpost::tests
