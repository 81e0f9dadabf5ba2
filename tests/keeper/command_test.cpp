// The keeper as the parent of the command that it holds for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/keeper/kit.hpp"

namespace ringpost::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> with_command(const std::vector<std::string>& command) {
  std::vector<std::string> words{program("ringpost-keeper"), "--"};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::vector<std::string> with_script(const std::string& script) { return with_command({"sh", "-c", script}); }

// A script that notes each of its runs, does `otherwise`, and ends with `last` at its fourth.
std::string four_runs(const TemporaryDirectory& directory, const std::string& otherwise,
                      const std::string& last) {
  const std::string runs = directory.file("runs");
  return "echo run >> " + runs + "; if [ $(wc -l < " + runs + ") -lt 4 ]; then " + otherwise + "; else " +
         last + "; fi";
}

std::vector<std::string> pauses_in(const std::string& log) {
  std::vector<std::string> pauses;
  for (const std::string& line : lines_of(log)) {
    const std::size_t at = line.find("started again in ");
    if (at != std::string::npos) pauses.push_back(line.substr(at + 17));
  }
  return pauses;
}

TEST(KeeperCommand, IsStartedAgainWithLongerAndLongerPausesUntilItSaysThatItsArgumentsAreWrong) {
  const TemporaryDirectory directory;
  for (const std::string otherwise : {"exit 3", "exit 0", "kill -9 $$"}) {
    for (const std::string last : {"64", "78"}) {
      write_file(directory.file("runs"), "");
      const Outcome outcome = run(with_script(four_runs(directory, otherwise, "exit " + last)));
      EXPECT_EQ(outcome.status, std::stoi(last)) << otherwise;
      EXPECT_EQ(lines_of(read_file(directory.file("runs"))).size(), 4U);
      EXPECT_THAT(pauses_in(outcome.errors), ElementsAre("100 ms", "200 ms", "400 ms")) << outcome.errors;
    }
  }
}

TEST(KeeperCommand, GetsWhatItKeptWhenItIsStartedAgain) {
  Process keeper(with_command({program("keeper_actor")}), Actor::options());
  Actor actor(keeper);
  EXPECT_EQ(actor.ask("connect"), "connected");
  EXPECT_EQ(actor.ask("take"), "taken 1 1 0");
  EXPECT_EQ(actor.ask("keep a before"), "kept");
  EXPECT_EQ(actor.ask("write a after!"), "written");
  const std::string pid = actor.ask("pid");
  ::kill(std::stoi(pid.substr(4)), SIGKILL);
  // The next one reads from the same pipe: what is written before the first is dead might be that one's last line.
  ASSERT_TRUE(wait_until([&] { return keeper.errors().find("was ended by signal 9") != std::string::npos; }));
  EXPECT_EQ(actor.ask("connect"), "connected");
  EXPECT_EQ(actor.ask("take"), "taken 2 1 1 a=after!");
  EXPECT_NE(actor.ask("pid"), pid);
  EXPECT_EQ(actor.ask("drop a"), "dropped 1");
  actor.tell("exit 78");
  EXPECT_EQ(keeper.wait(), 78);
}

class KeeperCommandThatHolds : public testing::Test {
 protected:
  KeeperCommandThatHolds() {
    actor_.ask("connect");
    actor_.ask("take");
    EXPECT_EQ(actor_.ask("keep a text"), "kept");
    pid_ = pid();
  }

  pid_t pid() { return std::stoi(actor_.ask("pid").substr(4)); }
  bool wait_for_log(const std::string& text) {
    return wait_until([&] { return keeper_.errors().find(text) != std::string::npos; });
  }
  // Told, it dies of it, as any program does that has not seen to that signal.
  void expect_told_when_it_has_taken() {
    EXPECT_NE(pid(), pid_);  // it runs, and waits for our commands
    EXPECT_EQ(actor_.ask("connect"), "connected");
    actor_.tell("ask-take");
    EXPECT_EQ(keeper_.wait(), 128 + SIGTERM);
    EXPECT_THAT(keeper_.errors(), HasSubstr("takes 1 descriptors"));
  }

  Process keeper_{with_command({program("keeper_actor")}), Actor::options()};
  Actor actor_{keeper_};
  pid_t pid_ = 0;
};

TEST_F(KeeperCommandThatHolds, IsStartedAgainWhateverItEndsWith) {
  actor_.tell("exit 78");
  ASSERT_TRUE(wait_for_log(
      "has ended with code 78: it is started again in 100 ms, for what it has accepted is held"));
  EXPECT_EQ(actor_.ask("connect"), "connected");
  EXPECT_EQ(actor_.ask("take"), "taken 2 1 1 a=text");
}

TEST_F(KeeperCommandThatHolds, ToldToStopWhileItIsDeadItIsStartedAndToldWhenItHasTaken) {
  pause_process(keeper_.pid());
  kill_process(pid_);
  keeper_.signal(SIGTERM);
  keeper_.signal(SIGCONT);
  ASSERT_TRUE(wait_for_log("told to stop while nobody has the 1 descriptors")) << keeper_.errors();
  ASSERT_TRUE(wait_for_log("it is started again"));
  expect_told_when_it_has_taken();
  EXPECT_THAT(keeper_.errors(), HasSubstr("what it has neither delivered nor put on disk is lost"));
}

TEST_F(KeeperCommandThatHolds, KilledAfterItWasToldToStopItIsStartedOnceMore) {
  EXPECT_EQ(actor_.ask("ignore-stops"), "ignored");
  keeper_.signal(SIGTERM);
  // The keeper has read the signal before the second of these.
  EXPECT_EQ(actor_.ask("drop b"), "dropped 0");
  EXPECT_EQ(actor_.ask("drop b"), "dropped 0");
  kill_process(pid_);
  ASSERT_TRUE(wait_for_log("was ended by signal 9: it is started again"));
  expect_told_when_it_has_taken();
}

TEST_F(KeeperCommandThatHolds, ASecondStopDoesNotWaitForAnything) {
  pause_process(keeper_.pid());
  kill_process(pid_);
  keeper_.signal(SIGTERM);
  keeper_.signal(SIGCONT);
  ASSERT_TRUE(wait_for_log("it is started again"));
  keeper_.signal(SIGTERM);
  EXPECT_EQ(keeper_.wait(), 128 + SIGTERM);
}

TEST_F(KeeperCommandThatHolds, ToldToStopItIsNotStartedAgain) {
  keeper_.signal(SIGTERM);
  EXPECT_EQ(keeper_.wait(), 128 + SIGTERM);
  EXPECT_THAT(keeper_.errors(), testing::Not(HasSubstr("started")));
}

TEST(KeeperCommand, EndsWithTheCommandAndItsCodeWhenItIsToldToStop) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Process keeper(with_script("trap 'exit 7' TERM INT; echo ready; while :; do sleep 0.02; done"));
    ASSERT_TRUE(wait_until([&] { return keeper.output() == "ready\n"; }));
    keeper.signal(signal);
    EXPECT_EQ(keeper.wait(), 7);
  }
  Process keeper(with_script("echo ready; exec sleep 600"));
  ASSERT_TRUE(wait_until([&] { return keeper.output() == "ready\n"; }));
  keeper.signal(SIGTERM);
  EXPECT_EQ(keeper.wait(), 128 + SIGTERM);
}

TEST(KeeperCommand, GetsTheOtherSignalsAndGoesOn) {
  Process keeper(with_script(
      "for name in HUP QUIT USR1 USR2; do trap \"echo $name\" $name; done; trap 'exit 7' TERM; echo ready; "
      "while :; do sleep 0.02; done"));
  std::string expected = "ready\n";
  ASSERT_TRUE(wait_until([&] { return keeper.output() == expected; }));
  const std::vector<std::pair<int, std::string>> signals{
      {SIGHUP, "HUP"}, {SIGQUIT, "QUIT"}, {SIGUSR1, "USR1"}, {SIGUSR2, "USR2"}};
  for (const auto& [number, name] : signals) {
    keeper.signal(number);
    expected += name + "\n";
    EXPECT_TRUE(wait_until([&] { return keeper.output() == expected; })) << keeper.output();
  }
  keeper.signal(SIGTERM);
  EXPECT_EQ(keeper.wait(), 7);
}

TEST(KeeperCommand, ToldToStopInAPauseItStartsNothingMore) {
  Process keeper(with_script("exit 3"));
  ASSERT_TRUE(wait_until([&] { return keeper.errors().find("again in 800 ms") != std::string::npos; }));
  keeper.signal(SIGTERM);
  // 0 in a pause, as almost always here; the command's own where it was running just then.
  EXPECT_THAT(keeper.wait(), testing::AnyOf(0, 3, 128 + SIGTERM));
}

TEST(KeeperCommand, DoesNotOutliveTheKeeper) {
  const TemporaryDirectory directory;
  Process keeper(with_script("trap 'echo ended > " + directory.file("ended") +
                             "; exit' TERM; echo ready; while :; do sleep 0.02; done"));
  ASSERT_TRUE(wait_until([&] { return keeper.output() == "ready\n"; }));
  keeper.signal(SIGKILL);
  EXPECT_TRUE(wait_until([&] { return read_file(directory.file("ended")) == "ended\n"; }));
}

TEST(KeeperCommand, ThatCannotBeRunIsAWrongArgument) {
  const Outcome outcome = run(with_command({"/no/such/program"}));
  EXPECT_EQ(outcome.status, 64);
  EXPECT_THAT(outcome.errors, HasSubstr("can't run /no/such/program: No such file"));
}

TEST(KeeperCommand, HasTheLimitOfDescriptorsFromBefore) {
  const Outcome outcome = run({"sh", "-c", "ulimit -Sn 777; exec \"$@\"", "sh", program("ringpost-keeper"),
                               "--", "sh", "-c", "ulimit -n; exit 78"});
  EXPECT_EQ(outcome.output, "777\n");
}

TEST(KeeperCommand, HasTheSignalsFromBefore) {
  Process keeper(with_command({program("keeper_actor")}), Actor::options());
  Actor actor(keeper);
  EXPECT_EQ(actor.ask("signals-blocked"), "0");
}

TEST(KeeperCommand, ASocketServesBesideTheCommand) {
  const TemporaryDirectory directory;
  const std::string socket = directory.file("keeper.sock");
  Process keeper({program("ringpost-keeper"), "--socket", socket, "--", "sleep", "600"});
  EXPECT_EQ(KeeperClient(socket).take().flags, keeper::kEndsWithDaemon | keeper::kTakesAgain);
}

// As the first process of a container it gets every orphan, and lets none of them stay a zombie.
TEST(KeeperCommand, AsTheFirstProcessItReapsOrphans) {
  const TemporaryDirectory directory;
  const std::string pids = directory.file("pids");
  std::vector<std::string> words{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"};
  const std::vector<std::string> command =
      with_script("for i in 1 2 3 4 5; do (sleep 0.1 & echo $! >> " + pids +
                  "); done; "
                  "for pid in $(cat " +
                  pids + "); do while [ -e /proc/$pid ]; do sleep 0.02; done; done; exit 78");
  words.insert(words.end(), command.begin(), command.end());
  const Outcome outcome = run(words);
  EXPECT_EQ(outcome.status, 78) << outcome.errors;
  EXPECT_EQ(lines_of(read_file(pids)).size(), 5U);
}

}  // namespace
}  // namespace ringpost::tests
