// KeeperLink, in a process that can die, against the real keeper.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "daemon/control/keeper_link.hpp"
#include "tests/keeper/kit.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

constexpr const char* kPatience = " 60000";

class Link {
 public:
  Link() : process_({program("keeper_link_actor")}, Actor::options()), actor_(process_) {}
  explicit Link(const std::string& where) : Link() { taken_ = actor_.ask("open " + where + kPatience); }

  const std::string& taken() const { return taken_; }
  std::string ask(const std::string& line) { return actor_.ask(line); }
  void tell(const std::string& line) { actor_.tell(line); }
  std::string answer() { return actor_.answer(); }
  void kill() { actor_.kill(); }
  Process& process() { return process_; }

 private:
  Process process_;
  Actor actor_;
  std::string taken_;
};

TEST(KeeperLink, WithoutAKeeperThereIsNone) {
  EXPECT_EQ(daemon::KeeperLink::open("", std::chrono::seconds(1)), nullptr);
}

TEST(KeeperLink, ASuccessorTakesWhatWasKeptAndNotDropped) {
  const Keeper keeper;
  Link first(keeper.socket());
  EXPECT_EQ(first.taken(), "taken 1 0");
  EXPECT_EQ(first.ask("keep a one"), "kept a");
  EXPECT_EQ(first.ask("keep b one"), "kept b");
  EXPECT_EQ(first.ask("keep a two"), "kept a");
  EXPECT_EQ(first.ask("drop b"), "dropped b");
  EXPECT_EQ(first.ask("drop b"), "dropped b");
  EXPECT_EQ(first.ask("look"), "connected 1 1");
  first.kill();
  Link second(keeper.socket());
  EXPECT_EQ(second.taken(), "taken 2 0 a=two");
  EXPECT_EQ(second.ask("look"), "connected 2 1");
}

TEST(KeeperLink, WaitsForItsPredecessorsEnd) {
  Keeper keeper;
  Link first(keeper.socket());
  first.ask("keep a text");
  Link second;
  second.tell("open " + keeper.socket() + kPatience);
  // It is under way; whether the keeper has it read already makes no difference.
  first.kill();
  EXPECT_EQ(second.answer(), "taken 2 0 a=text");
  Link third;
  EXPECT_THAT(third.ask("open " + keeper.socket() + " 200"),
              HasSubstr("waits for the end of the former ringpostd"));
}

TEST(KeeperLink, WithoutAnybodyThereItSaysWhatToDo) {
  const TemporaryDirectory directory;
  Link link;
  EXPECT_THAT(link.ask("open " + directory.file("none") + " 50"), HasSubstr("start ringpost-keeper first"));
  EXPECT_THAT(link.ask("open fd:77 50"), HasSubstr("which is no open socket"));
  EXPECT_THAT(link.ask("open fd:x 50"), HasSubstr("which is no open socket"));
  EXPECT_THAT(link.ask("open fd:0 50"), HasSubstr("which is no open socket"));
}

TEST(KeeperLink, AKeeperThatComesLateIsReached) {
  Keeper keeper;
  keeper.kill();
  Link link;
  link.tell("open " + keeper.socket() + kPatience);
  keeper.start();
  EXPECT_EQ(link.answer(), "taken 1 0");
}

TEST(KeeperLink, AKeeperThatDiesAndComesAgainIsOfferedEverything) {
  Keeper keeper;
  Link first(keeper.socket());
  first.ask("keep a one");
  first.ask("keep b one");
  for (int round = 0; round < 3; ++round) {
    keeper.kill();
    EXPECT_EQ(first.answer(), "lost");
    EXPECT_EQ(first.ask("keep c one"), "not kept c");
    EXPECT_EQ(first.ask("drop b"), "dropped b");
    EXPECT_EQ(first.ask("look"), "away 1 1");
    keeper.start();
    EXPECT_EQ(first.answer(), "back");
    EXPECT_EQ(first.ask("look"), "connected 1 1");
    EXPECT_EQ(first.ask("keep b two"), "kept b");
  }
  first.kill();
  Link second(keeper.socket());
  EXPECT_EQ(second.taken(), "taken 2 0 a=one b=two");
}

// Of a lost connection's answers nobody knows what they would have been.
TEST(KeeperLink, WhatIsOnItsWayWhenTheKeeperDiesIsNotKept) {
  Keeper keeper;
  Link link(keeper.socket());
  link.ask("keep a one");
  keeper.process().signal(SIGSTOP);
  link.tell("keep b one");
  link.tell("drop a");
  link.tell("look");
  EXPECT_EQ(link.answer(), "connected 1 1");
  keeper.kill();
  std::vector<std::string> said{link.answer(), link.answer(), link.answer()};
  EXPECT_THAT(said, testing::ElementsAre("not kept b", "dropped a", "lost"));
  keeper.start();
  EXPECT_EQ(link.answer(), "back");
  link.kill();
  EXPECT_EQ(Link(keeper.socket()).taken(), "taken 2 0");
}

TEST(KeeperLink, ManyQuestionsAtOnceAreAnsweredInOrder) {
  Keeper keeper;
  Link link(keeper.socket());
  EXPECT_EQ(link.ask("keep-many 3000"), "kept 3000");
  keeper.kill();
  EXPECT_EQ(link.answer(), "lost");
  keeper.start();
  EXPECT_EQ(link.answer(), "back");
  link.kill();
  EXPECT_EQ(KeeperClient(keeper.socket()).take().contents.size(), 3000U);
}

TEST(KeeperLink, AFullKeeperKeepsNothingMore) {
  const TemporaryDirectory directory;
  const std::string socket = directory.file("keeper.sock");
  Process keeper(
      {"sh", "-c", "ulimit -n 66; exec \"$@\"", "sh", program("ringpost-keeper"), "--socket", socket});
  Link link(socket);
  EXPECT_EQ(link.ask("keep a text"), "kept a");
  EXPECT_EQ(link.ask("keep b text"), "kept b");
  EXPECT_EQ(link.ask("keep c text"), "not kept c");
  EXPECT_EQ(link.ask("drop a"), "dropped a");
  EXPECT_EQ(link.ask("keep c text"), "kept c");
  EXPECT_EQ(link.ask("look"), "connected 1 2");
  EXPECT_TRUE(wait_until([&] {
    return link.process().errors().find("2 descriptors are held, at most 2") != std::string::npos;
  }));
}

TEST(KeeperLink, NamesThatTheProtocolDoesNotKnowAreNotKept) {
  const Keeper keeper;
  Link link(keeper.socket());
  EXPECT_EQ(link.ask("keep ringpost-keeper.state text"), "not kept ringpost-keeper.state");
  EXPECT_EQ(link.ask("keep a:b text"), "not kept a:b");
  EXPECT_EQ(link.ask("drop a:b"), "dropped a:b");
  EXPECT_EQ(link.ask("keep a text"), "kept a");
}

TEST(KeeperLink, AsTheKeepersChildItTakesAndGoesOnWithoutIt) {
  // The keeper's death is SIGTERM for it: a daemon that is busy stopping has to do without, too.
  Process keeper({program("ringpost-keeper"), "--", "sh", "-c", "trap '' TERM; exec \"$0\"",
                  program("keeper_link_actor")},
                 Actor::options());
  Actor link(keeper);
  EXPECT_EQ(link.ask("open - 60000"), "taken 1 1");
  EXPECT_EQ(link.ask("keep a text"), "kept a");
  EXPECT_EQ(link.ask("look"), "connected 1 1");
  // Its input ends only with the test's Process: it is not killed through that.
  ::kill(keeper.pid(), SIGKILL);
  EXPECT_EQ(link.answer(), "lost");
  EXPECT_EQ(link.ask("keep b text"), "not kept b");
  EXPECT_EQ(link.ask("drop a"), "dropped a");
  EXPECT_EQ(link.ask("look"), "away 1 0");
}

}  // namespace
}  // namespace ringpost::tests
