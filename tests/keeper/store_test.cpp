// What is kept is in systemd's descriptor store, too, and comes back from there when the keeper itself has died.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <map>
#include <memory>
#include <string>

#include "tests/keeper/fake_systemd.hpp"
#include "tests/keeper/kit.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using Texts = std::map<std::string, std::string>;

constexpr int kStoreMax = 64;

// Whether the keeper has come round since: it refuses whoever begins with the wrong question.
void let_it_come_round(const Keeper& keeper) {
  KeeperClient witness(keeper.socket());
  witness.ask(named_frame(keeper::FrameType::kDrop, "a"));
}

TEST(KeeperStore, SaysThatItIsReadyWithAndWithoutAStore) {
  for (const int store : {0, kStoreMax}) {
    FakeSystemd systemd;
    Keeper keeper(systemd.environment(store));
    EXPECT_TRUE(systemd.serve_until([&] { return systemd.count("READY=1") == 1; }));
    keeper.process().signal(SIGTERM);
    EXPECT_EQ(keeper.process().wait(), 0);
  }
}

TEST(KeeperStore, WithoutOneNothingIsStored) {
  FakeSystemd systemd;
  const Keeper keeper(systemd.environment(0));
  Actor actor(keeper.socket());
  actor.ask("take");
  EXPECT_EQ(actor.ask("keep a text"), "kept");
  systemd.serve();
  EXPECT_EQ(systemd.stored_in_all(), 0U);
}

TEST(KeeperStore, AnAnswerWaitsForTheBarrier) {
  FakeSystemd systemd;
  const Keeper keeper(systemd.environment(kStoreMax));
  Actor actor(keeper.socket());
  EXPECT_EQ(systemd.ask(actor, "take"), "taken 1 0 0");
  systemd.hold_barriers(true);
  actor.tell("keep a text");
  ASSERT_TRUE(systemd.serve_until([&] { return systemd.barriers_held() == 1; }));
  EXPECT_EQ(systemd.stored(), (Texts{{"a", "text"}}));
  let_it_come_round(keeper);
  EXPECT_FALSE(actor.has_answered());
  systemd.hold_barriers(false);
  EXPECT_EQ(actor.answer(), "kept");
}

TEST(KeeperStore, FollowsReplacementsAndDrops) {
  FakeSystemd systemd;
  const Keeper keeper(systemd.environment(kStoreMax));
  Actor actor(keeper.socket());
  systemd.ask(actor, "take");
  systemd.ask(actor, "keep a one");
  systemd.ask(actor, "keep b one");
  EXPECT_EQ(systemd.ask(actor, "keep a two"), "kept");
  EXPECT_EQ(systemd.stored(), (Texts{{"a", "two"}, {"b", "one"}}));
  EXPECT_EQ(systemd.ask(actor, "drop b"), "dropped 1");
  EXPECT_TRUE(systemd.serve_until([&] { return systemd.stored() == Texts{{"a", "two"}}; }));
  EXPECT_EQ(systemd.stored_in_all(), 3U) << "its own state, its holder's pidfd, and a";
}

TEST(KeeperStore, WhatIsKeptAgainAndIsTheSameFileIsNotStoredAgain) {
  FakeSystemd systemd;
  const Keeper keeper(systemd.environment(kStoreMax));
  Actor actor(keeper.socket());
  systemd.ask(actor, "take");
  systemd.ask(actor, "keep a text");
  EXPECT_EQ(systemd.ask(actor, "keep-again a"), "kept");
  EXPECT_EQ(systemd.ask(actor, "keep b text"), "kept");
  EXPECT_EQ(systemd.count("FDSTORE=1\nFDNAME=a\nFDPOLL=0"), 1U);
  EXPECT_EQ(systemd.count("FDSTOREREMOVE=1\nFDNAME=a"), 0U);
}

TEST(KeeperStore, IsNeverAskedForMoreThanItTakes) {
  FakeSystemd systemd;
  const Keeper keeper(systemd.environment(6));
  Actor actor(keeper.socket());
  systemd.ask(actor, "take");
  EXPECT_EQ(systemd.ask(actor, "many 6"), "kept 4 full 2");
  EXPECT_EQ(systemd.stored_in_all(), 6U);
  for (const std::string round : {"1", "2", "3"}) {
    EXPECT_EQ(systemd.ask(actor, "drop many." + round), "dropped 1");
    EXPECT_EQ(systemd.ask(actor, "keep other." + round + " text"), "kept");
    EXPECT_EQ(systemd.stored_in_all(), 6U);
  }
}

TEST(KeeperStore, MoreThanItsQueueTakesGoesThrough) {
  FakeSystemd systemd;
  const Keeper keeper(systemd.environment(3000));
  Actor actor(keeper.socket());
  systemd.ask(actor, "take");
  EXPECT_EQ(systemd.ask(actor, "many 2500"), "kept 2500 full 0");
  EXPECT_EQ(systemd.stored().size(), 2500U);
}

// Keeper and holder are killed; both of their successors have everything.
TEST(KeeperStore, GivesEverythingBackToANewKeeper) {
  FakeSystemd systemd;
  Keeper keeper(systemd.environment(kStoreMax));
  {
    Actor first(keeper.socket());
    systemd.ask(first, "take");
    systemd.ask(first, "keep a before");
    systemd.ask(first, "keep b before");
    systemd.ask(first, "write a after!");
    keeper.kill();
  }
  const std::unique_ptr<Process> again = systemd.start_keeper(keeper.socket(), kStoreMax);
  {
    Actor second(keeper.socket());
    EXPECT_EQ(systemd.ask(second, "take"), "taken 2 0 2 a=after! b=before");
    EXPECT_EQ(systemd.ask(second, "drop b"), "dropped 1");
  }
  EXPECT_TRUE(systemd.serve_until([&] { return systemd.stored() == Texts{{"a", "after!"}}; }));
  Actor third(keeper.socket());
  EXPECT_EQ(systemd.ask(third, "take"), "taken 3 0 1 a=after!");
}

TEST(KeeperStore, ANewKeeperGivesNothingAwayWhileTheHolderLives) {
  FakeSystemd systemd;
  Keeper keeper(systemd.environment(kStoreMax));
  Actor first(keeper.socket());
  systemd.ask(first, "take");
  systemd.ask(first, "keep a text");
  keeper.kill();
  const std::unique_ptr<Process> again = systemd.start_keeper(keeper.socket(), kStoreMax);

  Actor second(keeper.socket());
  EXPECT_EQ(second.ask("ask-take"), "asked");
  second.tell("receive-taken");
  for (int round = 0; round < 3; ++round) {
    let_it_come_round(keeper);
    systemd.serve();
  }
  EXPECT_FALSE(second.has_answered());
  EXPECT_THAT(again->errors(), testing::Not(HasSubstr("takes 1 descriptors")));

  first.kill();
  EXPECT_TRUE(systemd.serve_until([&] { return second.has_answered(); }));
  EXPECT_EQ(second.answer(), "taken 2 0 1 a=text");
}

TEST(KeeperStore, ANewKeeperIsOfferedEverythingAndForgetsTheRest) {
  FakeSystemd systemd;
  Keeper keeper(systemd.environment(kStoreMax));
  Actor first(keeper.socket());
  systemd.ask(first, "take");
  systemd.ask(first, "keep a one");
  systemd.ask(first, "keep b one");
  keeper.kill();
  const std::unique_ptr<Process> again = systemd.start_keeper(keeper.socket(), kStoreMax);
  first.ask("connect " + keeper.socket());
  EXPECT_EQ(systemd.ask(first, "offer 1"), "taken 1 0 0");
  EXPECT_EQ(systemd.ask(first, "keep b two"), "kept");
  EXPECT_EQ(systemd.ask(first, "keep c two"), "kept");
  EXPECT_EQ(systemd.ask(first, "settled"), "dropped 1");
  EXPECT_TRUE(systemd.serve_until([&] { return systemd.stored() == Texts{{"b", "two"}, {"c", "two"}}; }));
}

TEST(KeeperStore, OneThatDoesNotAnswerIsNotWaitedFor) {
  FakeSystemd systemd;
  Keeper keeper(systemd.environment(kStoreMax));
  Actor actor(keeper.socket());
  systemd.ask(actor, "take");
  systemd.hold_barriers(true);
  EXPECT_EQ(systemd.ask(actor, "keep a text"), "kept");
  EXPECT_TRUE(keeper.wait_for_log("systemd has not answered for 5 s"));
  EXPECT_EQ(actor.ask("keep b text"), "kept");
  systemd.hold_barriers(false);
  EXPECT_TRUE(keeper.wait_for_log("systemd's store answers again"));
  EXPECT_TRUE(systemd.serve_until([&] { return systemd.stored() == Texts{{"a", "text"}, {"b", "text"}}; }));
  // And is waited for again.
  systemd.hold_barriers(true);
  actor.tell("keep c text");
  ASSERT_TRUE(
      systemd.serve_until([&] { return systemd.stored().size() == 3 && systemd.barriers_held() == 1; }));
  let_it_come_round(keeper);
  EXPECT_FALSE(actor.has_answered());
  systemd.hold_barriers(false);
  EXPECT_EQ(systemd.serve_until([&] { return actor.has_answered(); }) ? actor.answer() : "nothing", "kept");
}

TEST(KeeperStore, OneThatIsGoneIsDoneWithout) {
  auto systemd = std::make_unique<FakeSystemd>();
  Keeper keeper(systemd->environment(kStoreMax));
  Actor actor(keeper.socket());
  systemd->ask(actor, "take");
  systemd->ask(actor, "keep a text");
  systemd.reset();
  EXPECT_EQ(actor.ask("keep b text"), "kept");
  EXPECT_EQ(actor.ask("drop a"), "dropped 1");
  EXPECT_TRUE(keeper.wait_for_log("can't be reached any more"));
  EXPECT_EQ(actor.ask("many 200"), "kept 61 full 139");
  EXPECT_EQ(actor.ask("keep c text"), "full");
  // More changes than there are places in the table: none waits for a store that is no more.
  for (int round = 0; round < 300; ++round) ASSERT_EQ(actor.ask("many 61"), "kept 61 full 0");
}

TEST(KeeperStore, SystemdMayPassTheSocketToListenAt) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("keeper.sock");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  const ipc::Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(socket.get(), 8), 0);
  const ipc::Descriptor memory = memory_with("text");
  const std::unique_ptr<Process> keeper = FakeSystemd::start_keeper({{"ringpost-keeper.socket", socket.get()},
                                                                     {"a", memory.get()},
                                                                     {"a", memory.get()},
                                                                     {"", memory.get()}},
                                                                    {}, {});
  EXPECT_EQ(Actor(path).ask("take"), "taken 1 0 1 a=text");
  EXPECT_THAT(keeper->errors(), HasSubstr("2 of 4 descriptors from systemd were not taken"));
}

TEST(KeeperStore, TheCommandDoesNotSpeakWithSystemd) {
  FakeSystemd systemd;
  ProcessOptions options = Actor::options();
  options.environment = systemd.environment(kStoreMax);
  Process keeper({program("ringpost-keeper"), "--", program("keeper_actor")}, options);
  Actor actor(keeper);
  EXPECT_TRUE(systemd.serve_until([&] { return systemd.count("READY=1") == 1; }));
  EXPECT_EQ(systemd.ask(actor, "environment NOTIFY_SOCKET"), "unset");
  EXPECT_EQ(systemd.ask(actor, "environment FDSTORE"), "unset");
  actor.tell("exit 78");
  EXPECT_EQ(keeper.wait(), 78);
}

}  // namespace
}  // namespace ringpost::tests
