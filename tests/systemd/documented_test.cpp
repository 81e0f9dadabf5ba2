// The commands of the pages for administrators, in their order: of docs/install.md in a machine that has nothing of Ringpost yet but
// its packages, of docs/operations.md in one that has a dead letter, too.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <boost/algorithm/string/replace.hpp>

#include "tests/support/publisher.hpp"
#include "tests/systemd/installed.hpp"

namespace ringpost::tests {
namespace {

// The indented lines that begin so.
std::vector<std::string> commands_of(const std::string& page, const std::vector<std::string_view>& begins) {
  constexpr std::string_view kIndent = "    ";
  std::vector<std::string> commands;
  std::istringstream text(read_file(source_file(page)));
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with(kIndent)) continue;
    const std::string_view command = std::string_view(line).substr(kIndent.size());
    if (std::any_of(begins.begin(), begins.end(), [&](auto begin) { return command.starts_with(begin); }))
      commands.emplace_back(command);
  }
  return commands;
}

TEST(Documented, TheCommandsOfTheInstallationWork) {
  const Box box;
  std::filesystem::create_directories(box.outside("/srv"));
  const std::filesystem::path package = package_file(kOlder);
  std::filesystem::copy_file(package, box.outside("/srv/" + package.filename().string()));
  const std::vector<std::string> commands = commands_of("docs/install.md", {"# "});
  for (const std::string& command : commands) {
    const Outcome outcome =
        box.shell("cd /srv && export DEBIAN_FRONTEND=noninteractive && " + command.substr(command.find(' ')));
    EXPECT_EQ(outcome.status, 0) << command << "\n" << outcome.output << outcome.errors;
  }
  EXPECT_GE(commands.size(), 10U) << "docs/install.md does not show its commands as this test looks for them";
}

class DocumentedOperations : public Installed {
 protected:
  // An event that waits for a topic which is taken off the list is a dead letter; then the topic is there again. Its id.
  std::string make_letter() {
    configure(configuration());
    kafka_.stop_broker(1);
    Publisher(socket()).publish_patiently({"kafkaid", "orders", "{}", "key", {}});
    EXPECT_TRUE(wait_until([&] { return status().waiting == 1; }));
    box_.write(kConfiguration, boost::algorithm::replace_first_copy(configuration(), "\"orders\", ", ""));
    box_.output_of("systemctl restart ringpostd");
    EXPECT_TRUE(wait_until([&] { return status().dead_letters == 1; })) << journal();
    kafka_.start_broker(1);
    configure(configuration());
    return box_.output_of("ringpost dead-letters list | tail -n 1 | cut -d' ' -f1");
  }
};

TEST_F(DocumentedOperations, TheCommandsOfOperationsWork) {
  std::string id = make_letter();
  id.erase(id.find_last_not_of('\n') + 1);
  const std::vector<std::string> commands = commands_of(
      "docs/operations.md",
      {"ringpost status", "ringpost dead-letters", "ringpost check", "journalctl ", "systemctl "});
  for (std::string command : commands) {
    boost::algorithm::replace_first(command, " show ID", " show " + id);
    boost::algorithm::replace_first(command, "> FILE", "> /srv/letters");
    const Outcome outcome = box_.shell(command);
    EXPECT_EQ(outcome.status, 0) << command << "\n" << outcome.output << outcome.errors;
  }
  EXPECT_GE(commands.size(), 15U)
      << "docs/operations.md does not show its commands as this test looks for them";
}

}  // namespace
}  // namespace ringpost::tests
