// What `ringpost` says before it talks to anybody: help, wrong command lines, no daemon, a wrong configuration.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace ringpost::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

using Words = std::vector<std::string>;

Outcome ringpost_with(const Words& words, const ProcessOptions& options = {}) {
  Words command{program("ringpost")};
  command.insert(command.end(), words.begin(), words.end());
  return run(command, options);
}

TEST(Help, NamesTheCommandsAndTheExitCodes) {
  const Outcome help = ringpost_with({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.errors, IsEmpty());
  for (const char* word : {"publish", "consume", "check", "status", "audit", "dead-letters", "0 done",
                           "1 something", "2 wrong command line", "69 no daemon", "78 wrong configuration"}) {
    EXPECT_THAT(help.output, HasSubstr(word));
  }
}

TEST(Help, OfEachCommandHasExamplesAndExitCodes) {
  for (const char* command : {"publish", "consume", "check", "status", "audit", "dead-letters"}) {
    const Outcome help = ringpost_with({command, "--help"});
    EXPECT_EQ(help.status, 0) << command;
    EXPECT_THAT(help.output, AllOf(HasSubstr("Examples:\n  "), HasSubstr(std::string("ringpost ") + command),
                                   HasSubstr("Exit codes: 0 done")));
  }
}

TEST(Help, TheVersionIsOneLine) {
  const Outcome version = ringpost_with({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.output, testing::MatchesRegex("ringpost [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

struct WrongLine {
  Words words;
  std::string says;
};

TEST(Usage, AWrongCommandLineEndsWith2AndSaysWhatIsWrong) {
  const WrongLine lines[] = {
      {{}, "A subcommand is required"},
      {{"pubish", "kafkaid"}, "there is no command \"pubish\"; did you mean 'publish'?"},
      {{"kafkaid"},
       "there is no command \"kafkaid\"; there are: publish, consume, check, reload, status, audit, "
       "dead-letters"},
      {{"publish"}, "INSTANCE is required"},
      {{"publish", "kafkaid"}, "TOPIC is required"},
      {{"publish", "kafkaid", "t", "{}", "more"}, "more"},
      {{"publish", "kafkaid", "t", "{}", "--hedaer", "a=b"}, "--hedaer"},
      {{"publish", "kafkaid", "t", "{}", "--header", "a"}, "--header: expected NAME=VALUE"},
      {{"publish", "kafkaid", "t", "{}", "--header", "=b"}, "--header: expected NAME=VALUE"},
      {{"publish", "kafkaid", "t", "{}", "--lines"}, "--lines: reads standard input"},
      {{"publish", "kafkaid", "t", "{}", "--key"}, "--key"},
      {{"consume"}, "INSTANCE is required"},
      {{"consume", "kafkaid"}, "TOPIC is required"},
      {{"consume", "kafkaid", "t", "--from", "start"}, R"(expected "beginning", "end" or an offset)"},
      {{"consume", "kafkaid", "t", "--from", "-1"}, R"(expected "beginning", "end" or an offset)"},
      {{"consume", "kafkaid", "t", "--from", "9999999999999999999"},
       R"(expected "beginning", "end" or an offset)"},
      {{"consume", "kafkaid", "t", "--count", "many"}, "--count"},
      {{"check"}, "FILE is required"},
      {{"status", "now"}, "now"},
  };
  for (const WrongLine& line : lines) {
    const Outcome outcome = ringpost_with(line.words);
    EXPECT_EQ(outcome.status, 2) << line.says;
    EXPECT_THAT(outcome.errors, HasSubstr(line.says));
    EXPECT_THAT(outcome.output, IsEmpty());
  }
}

TEST(NoDaemon, EndsWith69AndSaysWhereItLooked) {
  const TemporaryDirectory directory;
  const std::string socket = directory.file("nobody.sock");
  for (const Words& words : {Words{"publish", "kafkaid", "t", "{}"}, Words{"consume", "kafkaid", "t"},
                             Words{"status"}, Words{"status", "--json"}}) {
    Words line = words;
    line.insert(line.end(), {"--socket", socket});
    const Outcome outcome = ringpost_with(line);
    EXPECT_EQ(outcome.status, 69) << words[0];
    EXPECT_THAT(outcome.errors, AllOf(StartsWith("ringpost " + words[0] + ": "), HasSubstr(socket)));
    EXPECT_THAT(outcome.output, IsEmpty());
  }
}

TEST(NoDaemon, TheEnvironmentSaysWhereWhenTheCommandLineDoesNot) {
  const TemporaryDirectory directory;
  ProcessOptions options;
  options.environment["RINGPOST_SOCKET"] = directory.file("environment.sock");
  EXPECT_THAT(ringpost_with({"status"}, options).errors, HasSubstr(directory.file("environment.sock")));

  const std::string config = directory.file("ringpost.toml");
  write_file(config, "[daemon]\nsocket = \"" + directory.file("config.sock") +
                         "\"\n[instance.a]\nbrokers = \"embedded\"\ntopics = [\"*\"]\n");
  EXPECT_THAT(ringpost_with({"status", "--config", config}, options).errors,
              HasSubstr(directory.file("config.sock")));
  EXPECT_THAT(
      ringpost_with({"status", "--config", config, "--socket", directory.file("line.sock")}, options).errors,
      HasSubstr(directory.file("line.sock")));
}

TEST(NoDaemon, APathThatIsTooLongIsNamedAsThat) {
  const Outcome outcome = ringpost_with({"status", "--socket", "/" + std::string(200, 'x')});
  EXPECT_EQ(outcome.status, 69);
  EXPECT_THAT(outcome.errors, HasSubstr("201 bytes; at most 107"));
}

TEST(WrongConfiguration, EndsEachCommandWith78) {
  const TemporaryDirectory directory;
  const std::string config = directory.file("wrong.toml");
  write_file(config, "[daemon]\nsocket = \"relative\"\n");
  for (const Words& words :
       {Words{"publish", "kafkaid", "t", "{}"}, Words{"consume", "kafkaid", "t"}, Words{"status"}}) {
    Words line = words;
    line.insert(line.end(), {"--config", config});
    const Outcome outcome = ringpost_with(line);
    EXPECT_EQ(outcome.status, 78) << words[0];
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr(config + ":2:10: daemon.socket: is \"relative\""),
                                      HasSubstr("instance: is missing"), Not(HasSubstr("no daemon"))));
  }
}

TEST(WrongConfiguration, AnInstanceThatItDoesNotHaveIsAFailure) {
  const TemporaryDirectory directory;
  const std::string config = directory.file("ringpost.toml");
  write_file(config, "[instance.a]\nbrokers = [\"127.0.0.1:1\"]\ntopics = [\"*\"]\n");
  const Outcome outcome = ringpost_with({"consume", "b", "t", "--config", config});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, HasSubstr("has no instance \"b\""));
}

}  // namespace
}  // namespace ringpost::tests
