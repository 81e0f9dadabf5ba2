// How much is held, and what is said where there is no room.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "tests/keeper/kit.hpp"

namespace ringpost::tests {
namespace {

using keeper::Frame;
using keeper::FrameType;
using testing::HasSubstr;

std::vector<std::string> with_descriptors(int limit, const std::string& socket) {
  return {"sh",
          "-c",
          "ulimit -n " + std::to_string(limit) + "; exec \"$@\"",
          "sh",
          program("ringpost-keeper"),
          "--socket",
          socket};
}

int descriptors_of(pid_t pid) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<int>(std::distance(begin(all), end(all)));
}

TEST(KeeperLimits, TenThousandAreHeldAndHandedOver) {
  Keeper keeper;
  {
    Actor first(keeper.socket());
    first.ask("take");
    EXPECT_EQ(first.ask("many 10000"), "kept 10000 full 0");
  }
  KeeperClient second(keeper.socket());
  const TakenThings taken = second.take();
  EXPECT_EQ(taken.count, 10'000U);
  ASSERT_EQ(taken.contents.size(), 10'000U);
  for (const auto& [name, text] : taken.contents) ASSERT_EQ(text, "many") << name;
  for (int number = 1; number <= 10'000; ++number)
    ASSERT_EQ(second.drop("many." + std::to_string(number)), 1U);
  EXPECT_LT(descriptors_of(keeper.process().pid()), 30);
}

TEST(KeeperLimits, BeyondRlimitNofileItIsFullAndLives) {
  const TemporaryDirectory directory;
  const std::string socket = directory.file("keeper.sock");
  Process keeper(with_descriptors(80, socket));
  KeeperClient client(socket);
  EXPECT_THAT(keeper.errors(), HasSubstr("holds up to 16 descriptors: RLIMIT_NOFILE 80 less 64"));
  client.take();
  const ipc::Descriptor memory = memory_with("text");
  for (int number = 0; number < 16; ++number) {
    ASSERT_EQ(client.keep("n" + std::to_string(number), memory.get()), FrameType::kKept) << number;
  }
  const Frame full = client.ask(named_frame(FrameType::kKeep, "one-more"), memory.get());
  EXPECT_EQ(full.type, FrameType::kFull);
  EXPECT_EQ(full.count, 16U);
  EXPECT_THAT(std::string(keeper::text_of(full.body.text)), HasSubstr("16 descriptors are held, at most 16"));
  EXPECT_EQ(client.keep("n3", memory_with("other").get()), FrameType::kKept)
      << "a name that is there needs no room";
  EXPECT_EQ(client.drop("n4"), 1U);
  EXPECT_EQ(client.keep("one-more", memory.get()), FrameType::kKept);
  EXPECT_TRUE(keeper.running());
}

// Below what it has reckoned with: the kernel itself has no number left.
TEST(KeeperLimits, ADescriptorThatTheKernelCannotDeliverIsFull) {
  Keeper keeper;
  KeeperClient client(keeper.socket());
  client.take();
  const ipc::Descriptor memory = memory_with("text");
  for (int number = 0; number < 30; ++number) client.keep("n" + std::to_string(number), memory.get());
  const pid_t pid = keeper.process().pid();
  rlimit none{0, 4096};  // every number below it is taken
  while (
      std::filesystem::is_symlink("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(none.rlim_cur))) {
    ++none.rlim_cur;
  }
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &none, nullptr), 0);
  EXPECT_EQ(client.keep("a", memory.get()), FrameType::kFull);
  const rlimit enough{4096, 4096};
  ASSERT_EQ(::prlimit(pid, RLIMIT_NOFILE, &enough, nullptr), 0);
  EXPECT_EQ(client.keep("a", memory.get()), FrameType::kKept);
}

TEST(KeeperLimits, WithNoRoomAtAllItSaysWhatToRaise) {
  const TemporaryDirectory directory;
  const Outcome outcome = run(with_descriptors(60, directory.file("keeper.sock")));
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, HasSubstr("raise LimitNOFILE="));
}

TEST(KeeperSocket, ADeadKeepersIsReplacedALivingOnesIsNot) {
  Keeper keeper;
  KeeperClient(keeper.socket()).take();
  const Outcome second = run({program("ringpost-keeper"), "--socket", keeper.socket()});
  EXPECT_EQ(second.status, 1);
  EXPECT_THAT(second.errors, HasSubstr("another ringpost-keeper serves"));
  keeper.kill();
  EXPECT_TRUE(std::filesystem::exists(keeper.socket()));
  keeper.start();
  EXPECT_EQ(KeeperClient(keeper.socket()).take().takes, 1U);
  keeper.process().signal(SIGTERM);
  EXPECT_EQ(keeper.process().wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(keeper.socket()));
}

TEST(KeeperSocket, WhatIsNoSocketOfAKeeperIsLeftAlone) {
  const TemporaryDirectory directory;
  write_file(directory.file("file"), "precious");
  const Outcome file = run({program("ringpost-keeper"), "--socket", directory.file("file")});
  EXPECT_EQ(file.status, 1);
  EXPECT_THAT(file.errors, HasSubstr("no socket: it was left alone"));
  EXPECT_EQ(read_file(directory.file("file")), "precious");

  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  directory.file("other").copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  const ipc::Descriptor other(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(other.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(other.get(), 1), 0);
  const Outcome socket = run({program("ringpost-keeper"), "--socket", directory.file("other")});
  EXPECT_EQ(socket.status, 1);
  EXPECT_THAT(socket.errors, HasSubstr("another program uses"));
  EXPECT_TRUE(std::filesystem::exists(directory.file("other")));

  const Outcome nowhere = run({program("ringpost-keeper"), "--socket", directory.file("none/keeper.sock")});
  EXPECT_EQ(nowhere.status, 1);
  EXPECT_THAT(nowhere.errors, HasSubstr("create the directory first"));
}

TEST(KeeperUsage, SaysWhatItIsAndWhatIsWrong) {
  const std::string keeper = program("ringpost-keeper");
  EXPECT_THAT(run({keeper, "--version"}).output, testing::StartsWith("ringpost-keeper "));
  EXPECT_THAT(run({keeper, "--help"}).output, HasSubstr("Exit codes"));
  EXPECT_EQ(run({keeper}).status, 64);
  EXPECT_EQ(run({keeper, "--no-such-option"}).status, 64);
  EXPECT_EQ(run({keeper, "--socket"}).status, 64);
  EXPECT_EQ(run({keeper, "--"}).status, 64);
  EXPECT_EQ(run({keeper, "--socket", std::string(200, 'x')}).status, 1);
}

}  // namespace
}  // namespace ringpost::tests
