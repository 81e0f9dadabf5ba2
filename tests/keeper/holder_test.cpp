// What is kept outlives its holder, and goes to one successor, when the holder is dead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/keeper/kit.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(KeeperHolder, ASuccessorSeesWhatAKilledHolderWroteIntoItsMemory) {
  const Keeper keeper;
  Actor first(keeper.socket());
  EXPECT_EQ(first.ask("take"), "taken 1 0 0");
  EXPECT_EQ(first.ask("keep lane.1 before"), "kept");
  EXPECT_EQ(first.ask("keep arena before"), "kept");
  EXPECT_EQ(first.ask("write lane.1 after!"), "written");
  first.kill();

  Actor second(keeper.socket());
  EXPECT_EQ(second.ask("take"), "taken 2 0 2 arena=before lane.1=after!");
  second.kill();
  Actor third(keeper.socket());
  EXPECT_EQ(third.ask("take"), "taken 3 0 2 arena=before lane.1=after!");
}

TEST(KeeperHolder, ANameThatIsKeptAgainGetsTheNewDescriptorAndADroppedOneIsGone) {
  const Keeper keeper;
  Actor first(keeper.socket());
  first.ask("take");
  EXPECT_EQ(first.ask("keep a one"), "kept");
  EXPECT_EQ(first.ask("keep b one"), "kept");
  EXPECT_EQ(first.ask("keep a two"), "kept");
  EXPECT_EQ(first.ask("drop b"), "dropped 1");
  EXPECT_EQ(first.ask("drop b"), "dropped 0");
  EXPECT_EQ(first.ask("drop never"), "dropped 0");
  first.kill();
  Actor second(keeper.socket());
  EXPECT_EQ(second.ask("take"), "taken 2 0 1 a=two");
}

TEST(KeeperHolder, AClosedConnectionAloneMakesNoSuccessor) {
  Keeper keeper;
  Actor first(keeper.socket());
  first.ask("take");
  first.ask("keep a one");
  EXPECT_EQ(first.ask("hang-up"), "hung up");

  Actor second(keeper.socket());
  EXPECT_EQ(second.ask("ask-take"), "asked");
  second.tell("receive-taken");
  // The keeper has read the question and has had every occasion to answer: a whole life of another visitor lies between.
  Actor witness(keeper.socket());
  witness.tell("keep a one");
  EXPECT_THAT(witness.answer(), StartsWith("error"));
  EXPECT_FALSE(second.has_answered());

  first.kill();
  EXPECT_EQ(second.answer(), "taken 2 0 1 a=one");
}

// The dead holder's connection stays open in a child of its own.
TEST(KeeperHolder, DeathAloneMakesASuccessor) {
  const Keeper keeper;
  Actor first(keeper.socket());
  first.ask("take");
  first.ask("keep a one");
  const std::string forked = first.ask("fork");
  ASSERT_THAT(forked, StartsWith("forked "));
  first.kill();
  Actor second(keeper.socket());
  EXPECT_EQ(second.ask("take"), "taken 2 0 1 a=one");
  ::kill(std::stoi(forked.substr(7)), SIGKILL);
}

TEST(KeeperHolder, WhoAskedFirstIsNextAndADeadOneIsPassedOver) {
  Keeper keeper;
  Actor first(keeper.socket());
  first.ask("take");
  Actor dies(keeper.socket());
  Actor second(keeper.socket());
  Actor third(keeper.socket());
  dies.ask("ask-take");
  second.ask("ask-take");
  // The keeper reads who asks in the order of its poll: this one has been read before the next one asks.
  Actor witness(keeper.socket());
  witness.ask("drop a");
  third.ask("ask-take");
  dies.kill();
  first.kill();
  EXPECT_EQ(second.ask("receive-taken"), "taken 2 0 0");
  second.kill();
  EXPECT_EQ(third.ask("receive-taken"), "taken 3 0 0");
}

TEST(KeeperHolder, AHolderThatHasBegunAnewTakesAgain) {
  const Keeper keeper;
  Actor first(keeper.socket());
  EXPECT_EQ(first.ask("take"), "taken 1 0 0");
  EXPECT_EQ(first.ask("keep a one"), "kept");
  EXPECT_EQ(first.ask("take"), "taken 2 0 1 a=one");
  EXPECT_EQ(first.ask("keep b two"), "kept");
  EXPECT_EQ(first.ask("drop a"), "dropped 1");
  EXPECT_EQ(first.ask("take"), "taken 3 0 1 b=two");
  first.kill();
  Actor second(keeper.socket());
  EXPECT_EQ(second.ask("take"), "taken 4 0 1 b=two");
}

TEST(KeeperHolder, TheSameProcessMayComeBackWithAnOfferAndDropsWhatItDoesNotOffer) {
  const Keeper keeper;
  Actor first(keeper.socket());
  first.ask("take");
  first.ask("keep a one");
  first.ask("keep b one");
  first.ask("hang-up");
  first.ask("connect " + keeper.socket());
  EXPECT_EQ(first.ask("offer 1"), "taken 1 0 0");
  EXPECT_EQ(first.ask("keep b two"), "kept");
  EXPECT_EQ(first.ask("keep c two"), "kept");
  EXPECT_EQ(first.ask("settled"), "dropped 1");
  first.kill();
  Actor second(keeper.socket());
  EXPECT_EQ(second.ask("take"), "taken 2 0 2 b=two c=two");
}

TEST(KeeperHolder, AnOfferTellsANewKeeperHowFarTheCountWas) {
  const Keeper keeper;
  Actor first(keeper.socket());
  EXPECT_EQ(first.ask("offer 7"), "taken 7 0 0");
  EXPECT_EQ(first.ask("keep a one"), "kept");
  EXPECT_EQ(first.ask("settled"), "dropped 0");
  first.kill();
  Actor second(keeper.socket());
  EXPECT_EQ(second.ask("take"), "taken 8 0 1 a=one");
}

TEST(KeeperHolder, AnotherProcessCannotOfferInAHoldersPlace) {
  const Keeper keeper;
  Actor first(keeper.socket());
  first.ask("take");
  first.ask("keep a one");
  first.kill();
  Actor stranger(keeper.socket());
  EXPECT_THAT(stranger.ask("offer 1"), HasSubstr("another process held last"));
  Actor second(keeper.socket());
  EXPECT_EQ(second.ask("take"), "taken 2 0 1 a=one");
}

// What was sent before the end is kept, whether the keeper had read it or not; but nothing is dropped for the dead, who
// may not have closed it themselves.
TEST(KeeperHolder, WhatAHolderHadSentBeforeItsDeathIsKeptAndNotDropped) {
  Keeper keeper;
  Actor first(keeper.socket());
  first.ask("take");
  first.ask("keep a one");
  keeper.process().signal(SIGSTOP);
  EXPECT_EQ(first.ask("ask-keep b one"), "asked");
  EXPECT_EQ(first.ask("ask-drop a"), "asked");
  first.kill();
  keeper.process().signal(SIGCONT);
  Actor second(keeper.socket());
  EXPECT_EQ(second.ask("take"), "taken 2 0 2 a=one b=one");
}

// Its last question may be answered by nobody any more: it would close, and not know whether the keeper was the last to.
TEST(KeeperHolder, WhatAHolderAskedToBeDroppedBeforeItHungUpStays) {
  Keeper keeper;
  Actor first(keeper.socket());
  first.ask("take");
  first.ask("keep a one");
  keeper.process().signal(SIGSTOP);
  EXPECT_EQ(first.ask("ask-keep b one"), "asked");
  EXPECT_EQ(first.ask("ask-drop a"), "asked");
  EXPECT_EQ(first.ask("hang-up"), "hung up");
  keeper.process().signal(SIGCONT);
  KeeperClient witness(keeper.socket());  // once it is answered, the keeper has come round
  witness.ask(named_frame(keeper::FrameType::kDrop, "a"));
  first.kill();
  Actor second(keeper.socket());
  EXPECT_EQ(second.ask("take"), "taken 2 0 2 a=one b=one");
}

}  // namespace
}  // namespace ringpost::tests
