// `ringpost dead-letters`: the files of a state_dir, as the daemon leaves them, read by the real program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "tests/command/dead_letters_kit.hpp"
#include "tests/support/process.hpp"

namespace ringpost::tests {
namespace {

namespace fs = std::filesystem;
using daemon::LetterReason;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Words = std::vector<std::string>;

constexpr std::int64_t kHourMs = 3'600'000;

class DeadLetters : public testing::Test {
 protected:
  DeadLetters() { fs::create_directory(state_dir_); }

  Outcome ask(const Words& words) const {
    Words command{program("ringpost"), "dead-letters"};
    command.insert(command.end(), words.begin(), words.end());
    command.insert(command.end(), {"--state-dir", state_dir_});
    return run(command);
  }

  // The sequences of what `list --json` shows with these filters.
  std::vector<std::uint64_t> listed(const Words& filters) const {
    Words words{"list", "--json"};
    words.insert(words.end(), filters.begin(), filters.end());
    std::vector<std::uint64_t> sequences;
    std::istringstream lines(ask(words).output);
    for (std::string line; std::getline(lines, line);) {
      const std::string id(boost::json::parse(line).at("id").as_string());
      sequences.push_back(std::stoull(id.substr(id.rfind('-') + 1)));
    }
    return sequences;
  }

  std::string segment_of(const std::string& instance) const {
    for (const auto& entry : fs::directory_iterator(state_dir_ + "/" + instance)) {
      if (entry.path().extension() == ".log") return entry.path().string();
    }
    return "";
  }

  TemporaryDirectory directory_;
  std::string state_dir_ = directory_.file("state");
};

TEST_F(DeadLetters, AreATableWithoutPayloads) {
  LettersLog log(state_dir_, "kafkaid");
  log.add({.sequence = 7, .key = "hidden", .message = R"("hidden")", .headers = {{"h", "hidden"}}});
  log.add({.sequence = 12, .topic = "crm.status", .reason = LetterReason::kTimedOut});
  const Outcome outcome = ask({"list"});
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_EQ(
      outcome.output,
      "ID                                       INSTANCE  TOPIC       REASON             STATE    "
      "TIME                      BYTES  ATTEMPTS\n" +
          id_of(7) + "   kafkaid   orders      refused_by_broker  waiting  2026-11-22T23:28:43.123Z     27" +
          "         3\n" + id_of(12) +
          "  kafkaid   crm.status  timed_out          waiting  2026-11-22T23:28:43.123Z      8         3\n");
}

TEST_F(DeadLetters, OfNothingAreNoFailure) {
  LettersLog log(state_dir_, "kafkaid");
  const Outcome outcome = ask({"list"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_THAT(outcome.output, IsEmpty());
  EXPECT_EQ(outcome.errors, "ringpost dead-letters: none that match\n");
  EXPECT_EQ(ask({"export"}).status, 0);
}

TEST_F(DeadLetters, EachFilterNarrows) {
  LettersLog a(state_dir_, "a");
  LettersLog b(state_dir_, "b");
  const std::int64_t noon = 1'795'348'800'000;  // 2026-11-22T12:00:00Z
  a.add({.sequence = 1, .topic = "crm.a", .time_ms = noon});
  a.add({.sequence = 2, .topic = "crm.b", .reason = LetterReason::kTimedOut, .time_ms = noon + kHourMs});
  b.add({.sequence = 3, .topic = "orders", .reason = LetterReason::kTimedOut, .time_ms = noon + 2 * kHourMs});
  EXPECT_THAT(listed({}), ElementsAre(1, 2, 3));
  EXPECT_THAT(listed({"--instance", "b"}), ElementsAre(3));
  EXPECT_THAT(listed({"--topic", "crm.a"}), ElementsAre(1));
  EXPECT_THAT(listed({"--topic", "crm.*"}), ElementsAre(1, 2));
  EXPECT_THAT(listed({"--topic", "*"}), ElementsAre(1, 2, 3));
  EXPECT_THAT(listed({"--topic", "crm"}), IsEmpty());
  EXPECT_THAT(listed({"--reason", "timed_out"}), ElementsAre(2, 3));
  EXPECT_THAT(listed({"--since", "2026-11-22T13:00:00Z"}), ElementsAre(2, 3));
  EXPECT_THAT(listed({"--until", "2026-11-22T13:00:00Z"}), ElementsAre(1));
  EXPECT_THAT(listed({"--since", "2026-11-22T14:00:00+01:00", "--until", "2026-11-22T13:00:00.001Z"}),
              ElementsAre(2));
  EXPECT_THAT(listed({"--until", "3650d"}), IsEmpty());
  EXPECT_THAT(listed({"--id", id_of(3)}), ElementsAre(3));
  EXPECT_THAT(listed({"--topic", "crm.*", "--reason", "timed_out"}), ElementsAre(2));
}

TEST_F(DeadLetters, WhatIsSettledIsShownWhenAskedFor) {
  LettersLog log(state_dir_, "kafkaid");
  log.add({.sequence = 1});
  log.put_mark(log.add({.sequence = 2}), daemon::kLetterVoided);
  log.put_mark(log.add({.sequence = 3}), daemon::kLetterReplayed);
  log.put_mark(log.add({.sequence = 4}), daemon::kLetterPurged);
  EXPECT_THAT(listed({}), ElementsAre(1));
  EXPECT_THAT(listed({"--state", "waiting"}), ElementsAre(1));
  EXPECT_THAT(listed({"--state", "voided"}), ElementsAre(2));
  EXPECT_THAT(listed({"--state", "replayed"}), ElementsAre(3));
  EXPECT_THAT(listed({"--state", "purged"}), ElementsAre(4));
  EXPECT_THAT(listed({"--state", "all"}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(ask({"show", id_of(4)}).output, HasSubstr("  state    purged\n"));
}

TEST_F(DeadLetters, AMarkIsForTheLetterOfItsOwnSegment) {
  {
    LettersLog log(state_dir_, "kafkaid");
    log.put_mark(log.add({.sequence = 1}), daemon::kLetterPurged);
  }
  LettersLog log(state_dir_, "kafkaid");  // a new segment, with the same offset
  log.add({.sequence = 2});
  EXPECT_THAT(listed({}), ElementsAre(2));
}

TEST_F(DeadLetters, ShowSaysEverythingOfOne) {
  LettersLog log(state_dir_, "kafkaid");
  log.add({.sequence = 7,
           .key = "k\x1b",
           .headers = {{"source", "crm"}, {"trace", std::nullopt}},
           .detail = "Broker: Message size too large\n",
           .client = "bpmn"});
  log.add({.sequence = 8});
  const Outcome outcome = ask({"show", id_of(7)});
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_EQ(
      outcome.output,
      id_of(7) +
          "\n"
          "  instance kafkaid\n"
          "  topic    orders partition 2\n"
          "  state    waiting\n"
          "  reason   refused_by_broker (librdkafka's code 10): Broker: Message size too large\n           \n"
          "  since    2026-11-22T23:28:43.123Z\n"
          "  publish  2026-11-22T23:28:42.123Z\n"
          "  attempts 3\n"
          "  client   bpmn, uid 1000, pid 4711\n"
          "  bytes    36\n"
          "  key      k\\x1b\n"
          "  header   source = crm\n"
          "  header   trace = (null)\n"
          "  message  {\"id\":1}\n");
  EXPECT_EQ(ask({"show", id_of(7), "--json"}).output, ask({"export", "--id", id_of(7)}).output);
}

TEST_F(DeadLetters, AClientOfAnotherPidNamespaceHasNoPid) {
  LettersLog log(state_dir_, "kafkaid");
  log.add({.sequence = 7, .client = "bpmn", .client_pid = 0});
  EXPECT_THAT(ask({"show", id_of(7)}).output, HasSubstr("bpmn, uid 1000, in another pid namespace\n"));
}

TEST_F(DeadLetters, ADryRunListsWhatWouldBeDoneAndNeedsNoDaemon) {
  LettersLog log(state_dir_, "kafkaid");
  log.add({.sequence = 1});
  log.add({.sequence = 2, .topic = "crm.status"});
  log.put_mark(log.add({.sequence = 3}), daemon::kLetterPurged);
  for (const char* const command : {"replay", "purge"}) {
    EXPECT_EQ(ask({command, "--dry-run"}).output, ask({"list"}).output);
    EXPECT_EQ(ask({command, "--dry-run", "--json", "--topic", "crm.*"}).output,
              ask({"list", "--json", "--topic", "crm.*"}).output);
    const Outcome away = ask({command, "--socket", directory_.file("nobody.sock")});
    EXPECT_EQ(away.status, 69) << away.errors;
    EXPECT_THAT(away.errors, HasSubstr("no daemon at"));
    const Outcome none = ask({command, "--topic", "nobodys", "--socket", directory_.file("nobody.sock")});
    EXPECT_EQ(none.status, 0);
    EXPECT_EQ(none.errors, "ringpost dead-letters: none that match\n");
    EXPECT_EQ(ask({command, "--state", "all"}).status, 2) << "what is decided is decided";
  }
  EXPECT_THAT(listed({}), ElementsAre(1, 2));
}

TEST_F(DeadLetters, ShowOfOneThatIsNotThereIsAFailure) {
  LettersLog log(state_dir_, "kafkaid");
  log.add({.sequence = 7});
  const Outcome outcome = ask({"show", id_of(8)});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, HasSubstr("there is no dead letter \"" + id_of(8) + "\""));
}

TEST_F(DeadLetters, AnExportHasEveryByte) {
  LettersLog log(state_dir_, "kafkaid");
  const std::string bytes("\xff\x00\x01", 3);
  log.add({.sequence = 1,
           .key = bytes,
           .message = "\"a\\u0000\xc5\xbe\"",
           .headers = {{"h", bytes}, {"n", std::nullopt}}});
  log.add({.sequence = 2, .key = "", .detail = "\xff!"});
  log.add({.sequence = 3});
  std::istringstream lines(ask({"export"}).output);
  std::vector<boost::json::value> letters;
  for (std::string line; std::getline(lines, line);) letters.push_back(boost::json::parse(line));
  ASSERT_EQ(letters.size(), 3U);
  EXPECT_EQ(letters[0].at("key_base64").as_string(), "/wAB");
  EXPECT_EQ(boost::json::serialize(letters[0].at("headers")),
            R"([{"name":"h","value_base64":"/wAB"},{"name":"n","value":null}])");
  EXPECT_EQ(letters[0].at("message").as_string(), "\"a\\u0000\xc5\xbe\"");
  EXPECT_EQ(letters[0].at("id").as_string(), id_of(1));
  EXPECT_EQ(letters[0].at("time_ms").as_int64(), 1'795'390'123'123);
  EXPECT_EQ(letters[0].at("reason").as_string(), "refused_by_broker");
  EXPECT_EQ(letters[1].at("key").as_string(), "");
  EXPECT_EQ(letters[1].at("detail").as_string(), "\xef\xbf\xbd!");
  EXPECT_TRUE(letters[2].at("key").is_null());
}

TEST_F(DeadLetters, WhoseBytesAreLostAreShownAllTheSame) {
  LettersLog log(state_dir_, "kafkaid");
  log.add({.sequence = 5, .reason = LetterReason::kDamagedOnDisk}, false);
  EXPECT_THAT(ask({"list"}).output, HasSubstr("  -      damaged_on_disk"));
  EXPECT_THAT(ask({"show", id_of(5)}).output, HasSubstr("could not be read back"));
  EXPECT_THAT(ask({"export"}).output, AllOf(HasSubstr(R"("topic":null)"), HasSubstr(R"("message":null)")));
}

TEST_F(DeadLetters, ADamagedSegmentIsNamedAndTheRestIsShown) {
  LettersLog log(state_dir_, "kafkaid");
  log.add({.sequence = 1});
  const daemon::Place second = log.add({.sequence = 2});
  log.add({.sequence = 3});
  std::fstream(segment_of("kafkaid"), std::ios::in | std::ios::out | std::ios::binary)
      .seekp(second.offset + 100)
      .put('X');
  const Outcome outcome = ask({"list"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, AllOf(HasSubstr(segment_of("kafkaid")), HasSubstr("damaged")));
  EXPECT_THAT(listed({}), ElementsAre(1, 3));
}

TEST_F(DeadLetters, ALetterThatIsNotUnderstoodIsNamedAndTheRestIsShown) {
  LettersLog log(state_dir_, "kafkaid");
  log.add_payload(std::vector<std::byte>(10));
  log.add({.sequence = 2});
  const Outcome outcome = ask({"list"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, HasSubstr("can't be read by this version of ringpost: shorter than its parts"));
  EXPECT_THAT(listed({}), ElementsAre(2));
}

TEST_F(DeadLetters, WhatIsBeingWrittenJustNowIsNoDamage) {
  LettersLog log(state_dir_, "kafkaid");
  log.add({.sequence = 1});
  const daemon::Place last = log.add({.sequence = 2});
  const std::string segment = segment_of("kafkaid");
  const std::string whole = read_file(segment);
  for (std::size_t bytes = last.offset; bytes < whole.size(); bytes += 13) {
    write_file(segment, std::string_view(whole).substr(0, bytes));
    const Outcome outcome = ask({"list", "--json"});
    ASSERT_EQ(outcome.status, 0) << bytes << outcome.errors;
    ASSERT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << bytes;
  }
}

TEST_F(DeadLetters, AnInstanceThatIsNotThereIsAFailureThatNamesThoseThatAre) {
  const Outcome empty = ask({"list", "--instance", "crm"});
  EXPECT_EQ(empty.status, 1);
  EXPECT_THAT(empty.errors, HasSubstr(state_dir_ + " has nothing of an instance \"crm\"; it is empty"));
  const LettersLog a(state_dir_, "a");
  const LettersLog b(state_dir_, "b");
  write_file(state_dir_ + "/nofolder", "");
  EXPECT_THAT(ask({"list", "--instance", "crm"}).errors, HasSubstr("there are: a, b\n"));
}

TEST_F(DeadLetters, TheConfigurationSaysWhereTheyAreAndWhichInstancesMayBeMissing) {
  LettersLog(state_dir_, "a").add({.sequence = 1});
  const std::string config = directory_.file("ringpost.toml");
  write_file(config, "[daemon]\nstate_dir = \"" + state_dir_ +
                         "\"\n[instance.a]\nbrokers = \"embedded\"\ntopics = [\"*\"]\n"
                         "[instance.quiet]\nbrokers = \"embedded\"\ntopics = [\"*\"]\n");
  const auto with_config = [&](Words words) {
    words.insert(words.begin(), {program("ringpost"), "dead-letters"});
    words.insert(words.end(), {"--config", config});
    return run(words);
  };
  EXPECT_THAT(with_config({"list"}).output, HasSubstr(id_of(1)));
  EXPECT_EQ(with_config({"list", "--instance", "quiet"}).status, 0);
  EXPECT_EQ(with_config({"list", "--instance", "b"}).status, 1);
  write_file(config, "[daemon]\nstate_dir = \"relative\"\n");
  const Outcome wrong = with_config({"list"});
  EXPECT_EQ(wrong.status, 78);
  EXPECT_THAT(wrong.errors,
              AllOf(HasSubstr(config + ":2:13: daemon.state_dir: "), HasSubstr("--state-dir DIR")));
}

TEST_F(DeadLetters, AFolderThatIsNotThereIsNamed) {
  fs::remove(state_dir_);
  const Outcome outcome = ask({"list"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, AllOf(HasSubstr("can't read " + state_dir_ + ": No such file or directory"),
                                    HasSubstr("--config, --state-dir")));
}

TEST_F(DeadLetters, WhoMayNotReadThemIsToldWhoMay) {
  LettersLog(state_dir_, "a").add({.sequence = 1});
  fs::permissions(directory_.path(), fs::perms::others_exec | fs::perms::others_read, fs::perm_options::add);
  fs::permissions(state_dir_ + "/a", fs::perms::none);
  Words command{program("ringpost")};
  if (geteuid() == 0) {  // who may read everything: a stranger with copies that he may run
    fs::copy(program("ringpost"), directory_.path());
    command = {"setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", directory_.file("ringpost")};
  }
  command.insert(command.end(), {"dead-letters", "list", "--state-dir", state_dir_});
  Outcome outcome = run(command);
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.output, IsEmpty());
  EXPECT_THAT(outcome.errors,
              AllOf(HasSubstr("can't read " + state_dir_ + "/a: Permission denied; it belongs to the user "),
                    HasSubstr("only that user and root may read dead letters")));
  fs::permissions(state_dir_, fs::perms::owner_all);
  if (geteuid() == 0) {
    outcome = run(command);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.errors, HasSubstr("can't read " + state_dir_ + ": Permission denied"));
  }
  fs::permissions(state_dir_ + "/a", fs::perms::owner_all);
}

TEST_F(DeadLetters, AnOutputThatCanNotTakeThemIsAFailure) {
  LettersLog(state_dir_, "a").add({.sequence = 1});
  const Outcome outcome = run({"sh", "-c", "exec \"$0\" dead-letters export --state-dir \"$1\" > /dev/full",
                               program("ringpost"), state_dir_});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, HasSubstr("No space left on device"));
}

TEST_F(DeadLetters, AWrongLineEndsWith2AndSaysWhatIsWrong) {
  const std::vector<std::pair<Words, std::string>> lines{
      {{"lst"}, "there is no command \"lst\" of dead-letters; did you mean 'list'?"},
      {{"remove"}, "there is no command \"remove\" of dead-letters; there are: "},
      {{"show"}, "ID is required"},
      {{"list", "--since", "yesterday"},
       "--since: \"yesterday\" is no time; expected one such as 2026-11-22T23:28:43Z"},
      {{"list", "--until", "2026-02-30"}, "--until: \"2026-02-30\" is no time"},
      {{"list", "--since", "1h", "--until", "2h"}, "--until: is not after --since"},
      {{"list", "--reason", "timedout"}, "there is no reason \"timedout\"; did you mean 'timed_out'?"},
      {{"list", "--reason", "x"}, "there are: refused_by_broker, unknown_topic, timed_out"},
      {{"list", "--state", "dead"},
       "--state: is \"dead\"; expected waiting, voided, replayed, purged or all"},
      {{"list", "--topic", "a*b"}, "\"a*b\" is no topic"},
      {{"list", "--instance", "../etc"}, "\"../etc\" is no instance's name"},
  };
  for (const auto& [words, says] : lines) {
    const Outcome outcome = ask(words);
    EXPECT_EQ(outcome.status, 2) << says;
    EXPECT_THAT(outcome.errors, HasSubstr(says));
    EXPECT_THAT(outcome.output, IsEmpty());
  }
}

}  // namespace
}  // namespace ringpost::tests
