// The commands of docs/install.md, in their order, in a machine that has nothing of Ringpost yet but its packages.
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "tests/systemd/installed.hpp"

namespace ringpost::tests {
namespace {

TEST(Documented, TheCommandsOfTheInstallationWork) {
  const Box box;
  std::filesystem::create_directories(box.outside("/srv"));
  const std::filesystem::path package = package_file(kOlder);
  std::filesystem::copy_file(package, box.outside("/srv/" + package.filename().string()));
  constexpr std::string_view kPrompt = "    # ";
  std::istringstream text(read_file(source_file("docs/install.md")));
  int commands = 0;
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with(kPrompt)) continue;
    const std::string command = line.substr(kPrompt.size());
    const Outcome outcome = box.shell("cd /srv && export DEBIAN_FRONTEND=noninteractive && " + command);
    EXPECT_EQ(outcome.status, 0) << command << "\n" << outcome.output << outcome.errors;
    ++commands;
  }
  EXPECT_GE(commands, 10) << "docs/install.md does not show its commands as this test looks for them";
}

}  // namespace
}  // namespace ringpost::tests
