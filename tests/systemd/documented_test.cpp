// The commands of the pages for administrators, in their order: of docs/install.md in a machine that has nothing of Ringpost yet but
// its packages, of docs/operations.md in one that has a dead letter, too.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
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

struct Example {
  std::string command;
  std::string output;  // that the page shows, words only; empty: none
};

std::string words_of(const std::string& text) {
  std::istringstream words(text);
  std::string joined;
  for (std::string word; words >> word;) joined += word + " ";
  return joined;
}

// Of a manual page: what follows a prompt, with its here-document, and what is shown below it.
std::vector<Example> examples_of(const std::string& page) {
  std::vector<Example> examples;
  std::istringstream lines(read_file(source_file(page)));
  bool in_examples = false;
  bool is_there = false;
  bool is_document = false;
  for (std::string line; std::getline(lines, line);) {
    boost::algorithm::replace_all(line, "\\-", "-");
    boost::algorithm::replace_all(line, "\\e", "\\");
    if (line.starts_with(".")) {
      if (line.starts_with(".SH")) in_examples = line == ".SH EXAMPLES";
      is_there = in_examples && (line == ".RS" || (is_there && line != ".RE"));
    } else if (is_there && is_document) {
      examples.back().command += "\n" + line;
      is_document = line != "END";
    } else if (is_there && (line.starts_with("$ ") || line.starts_with("# "))) {
      examples.push_back({line.substr(2), ""});
      is_document = line.ends_with("<<END");
    } else if (is_there && !examples.empty()) {
      examples.back().output += words_of(line);
    }
  }
  return examples;
}

// What a command ends with that shows what the example does.
int status_of(const Example& example) {
  const auto shows = [&](std::string_view part) { return example.output.find(part) != std::string::npos; };
  if (shows(" 1 refused")) return 1;
  return shows("is not a key that ringpost knows") ? 78 : 0;
}

// How long --retry has to wait is this machine's affair.
std::string without_waiting(const std::string& errors) {
  std::string others;
  std::istringstream lines(errors);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("ringpost publish: waiting: ")) others += line + "\n";
  }
  return others;
}

TEST_F(DocumentedOperations, TheExamplesOfTheManualPagesWork) {
  configure(configuration());
  box_.write("/srv/events.jsonl", "{\"id\":4}\n");
  box_.write(
      "/srv/ringpost.toml",
      "[daemon]\nsokcet = \"/run/x\"\n\n[instance.dwh]\nbrokers = [\"kafka1\"]\ntopics = [\"orders\"]\n");
  for (const auto& [page, count] :
       {std::pair("docs/man/ringpost.1", 7U), std::pair("docs/man/ringpostd.8", 7U),
        std::pair("docs/man/ringpost.toml.5", 1U)}) {
    const std::vector<Example> examples = examples_of(page);
    EXPECT_EQ(examples.size(), count) << page;
    for (const Example& example : examples) {
      const Outcome outcome = box_.shell("cd /srv && " + example.command);
      if (example.command.ends_with("&")) continue;  // the next one waits for it
      EXPECT_EQ(outcome.status, status_of(example)) << example.command << "\n" << outcome.errors;
      if (!example.output.empty()) {
        EXPECT_EQ(words_of(without_waiting(outcome.errors) + outcome.output), example.output)
            << example.command;
      }
    }
  }
}

}  // namespace
}  // namespace ringpost::tests
