// What a connection can do wrong ends that connection, and nothing else.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/client/child.hpp"
#include "tests/keeper/kit.hpp"

namespace ringpost::tests {
namespace {

using keeper::Frame;
using keeper::FrameType;

std::span<const std::byte> bytes_of(const Frame& frame) { return std::as_bytes(std::span(&frame, 1)); }

// Refused or not, in the end there is the end.
bool is_hung_up(const KeeperClient& client) {
  for (;;) {
    const KeeperAnswer answer = client.receive();
    if (answer.what == KeeperAnswer::What::kEnd) return true;
    if (answer.what == KeeperAnswer::What::kNothing) return false;
    if (answer.frame.type != FrameType::kRefused) return false;
  }
}

// A pipe that is at its end when nobody has its other end any more: the keeper has closed what it got.
class Telltale {
 public:
  Telltale() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    reading_ = ipc::Descriptor(ends[0]);
    writing_ = ipc::Descriptor(ends[1]);
  }
  std::vector<int> times(std::size_t count) const { return std::vector<int>(count, writing_.get()); }
  bool is_closed_elsewhere() {
    writing_.reset();
    char byte = 0;
    return ::read(reading_.get(), &byte, 1) == 0;  // ctest's time-out ends a test that waits here for ever
  }

 private:
  ipc::Descriptor reading_;
  ipc::Descriptor writing_;
};

std::vector<Frame> odd_frames() {
  std::vector<Frame> frames(5, keeper::make_frame(FrameType::kTake, 1));
  frames[0].magic = 0;
  frames[1].version = 2;
  frames[2].type = static_cast<FrameType>(77);
  frames[3].type = FrameType::kHeld;
  frames[4].type = FrameType::kSettled;  // not before an Offer
  return frames;
}

TEST(KeeperHostile, OddFramesOfAVisitorEndItsConnection) {
  const Keeper keeper;
  for (const Frame& frame : odd_frames()) {
    const KeeperClient client(keeper.socket());
    client.send_bytes(bytes_of(frame));
    EXPECT_TRUE(is_hung_up(client)) << static_cast<int>(frame.type);
  }
  for (const std::size_t size : {1U, 8U, 127U, 129U, 4000U}) {
    const KeeperClient client(keeper.socket());
    client.send_bytes(std::vector<std::byte>(size, std::byte{7}));
    EXPECT_TRUE(is_hung_up(client)) << size;
  }
  EXPECT_EQ(KeeperClient(keeper.socket()).take().takes, 1U);
}

TEST(KeeperHostile, OddFramesOfTheHolderEndItsConnectionAndLoseNothing) {
  Keeper keeper;
  std::vector<Frame> frames = odd_frames();
  frames.push_back(keeper::make_frame(FrameType::kOffer, 1));  // again
  frames.push_back(keeper::make_frame(FrameType::kKeep, 1));   // no name, no descriptor
  frames.push_back(named_frame(FrameType::kKeep, "no-descriptor"));
  for (const char* name : {"", "with space", "with:colon", "ringpost-keeper.state", "tab\t", "\x80"}) {
    frames.push_back(named_frame(FrameType::kDrop, name));
  }
  frames.push_back(named_frame(FrameType::kDrop, "x"));
  std::memset(frames.back().body.name, 'x', sizeof frames.back().body.name);  // no end
  KeeperClient client(keeper.socket());
  client.take();
  const ipc::Descriptor memory = memory_with("kept");
  ASSERT_EQ(client.keep("kept", memory.get()), FrameType::kKept);
  for (std::size_t at = 0; at < frames.size(); ++at) {
    client.send_bytes(bytes_of(frames[at]));
    EXPECT_TRUE(is_hung_up(client)) << at;
    client = KeeperClient(keeper.socket());
    client.send(keeper::make_frame(FrameType::kOffer, 0));
    client.receive_taken();
    ASSERT_EQ(client.keep("kept", memory.get()), FrameType::kKept) << at;
    ASSERT_EQ(client.ask(keeper::make_frame(FrameType::kSettled, 0)).type, FrameType::kDropped) << at;
  }
  EXPECT_EQ(client.drop("kept"), 1U);
  EXPECT_TRUE(keeper.process().running());
}

TEST(KeeperHostile, DescriptorsThatDoNotBelongAreClosed) {
  const Keeper keeper;
  KeeperClient holder(keeper.socket());
  holder.take();
  for (const std::size_t count : {1U, 2U, 5U, 16U}) {
    Telltale telltale;
    {
      const KeeperClient visitor(keeper.socket());
      visitor.send_bytes(bytes_of(keeper::make_frame(FrameType::kTake, 1)), telltale.times(count));
      EXPECT_TRUE(is_hung_up(visitor)) << count;
    }
    EXPECT_TRUE(telltale.is_closed_elsewhere()) << count;
  }
  for (const std::size_t count : {2U, 5U, 16U}) {
    Telltale telltale;
    holder.send_bytes(bytes_of(named_frame(FrameType::kKeep, "two")), telltale.times(count));
    EXPECT_TRUE(is_hung_up(holder)) << count;
    EXPECT_TRUE(telltale.is_closed_elsewhere()) << count;
    holder = KeeperClient(keeper.socket());
    holder.send(keeper::make_frame(FrameType::kOffer, 0));
    holder.receive_taken();
  }
  Telltale telltale;
  holder.send_bytes(bytes_of(named_frame(FrameType::kDrop, "a")), telltale.times(1));
  EXPECT_TRUE(is_hung_up(holder));
  EXPECT_TRUE(telltale.is_closed_elsewhere());
}

TEST(KeeperHostile, AMessageOfNothingEndsTheConnection) {
  const Keeper keeper;
  const KeeperClient client(keeper.socket());
  Telltale telltale;
  client.send_bytes({}, telltale.times(1));
  EXPECT_TRUE(is_hung_up(client));
  EXPECT_TRUE(telltale.is_closed_elsewhere());
}

TEST(KeeperHostile, OnlyItsOwnUserAndRootMayConnect) {
  Keeper keeper;
  KeeperClient witness(keeper.socket());
  struct stat status {};
  ASSERT_EQ(::stat(keeper.socket().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  // Even where somebody opens the file to everybody.
  ASSERT_EQ(::chmod(keeper.socket().c_str(), 0666), 0);
  ASSERT_EQ(::chmod(keeper.file(".").c_str(), 0755), 0);
  const int hung_up = in_child([&] {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) return 2;
    KeeperClient client(keeper.socket());
    return client.receive().what == KeeperAnswer::What::kEnd ? 0 : 1;
  });
  EXPECT_EQ(hung_up, 0);
  EXPECT_TRUE(keeper.wait_for_log("uid 65534"));
  EXPECT_EQ(witness.take().takes, 1U);
}

TEST(KeeperHostile, AHandfulMayWait) {
  const Keeper keeper;
  Actor holder(keeper.socket());
  holder.ask("take");
  std::vector<std::unique_ptr<KeeperClient>> waiting;
  for (int count = 0; count < 8; ++count) {
    waiting.push_back(std::make_unique<KeeperClient>(keeper.socket()));
    waiting.back()->send(keeper::make_frame(FrameType::kTake, 0));
  }
  KeeperClient ninth(keeper.socket());
  ninth.send(keeper::make_frame(FrameType::kTake, 0));
  EXPECT_EQ(ninth.receive().what, KeeperAnswer::What::kEnd);
  holder.kill();
  // All are this process: the first that gets it has it.
  EXPECT_EQ(waiting[0]->receive_taken().takes, 2U);
}

// Whether the keeper looks at others: it refuses one that begins with the wrong question.
bool serves_others(const Keeper& keeper) {
  KeeperClient witness(keeper.socket());
  return witness.ask(named_frame(FrameType::kDrop, "a")).type == FrameType::kRefused;
}

TEST(KeeperHostile, AHolderThatNeverReadsHoldsUpNobody) {
  Keeper keeper;
  Actor holder(keeper.socket());
  holder.ask("take");
  EXPECT_THAT(holder.ask("flood"), testing::StartsWith("sent "));
  EXPECT_TRUE(serves_others(keeper));
  holder.kill();
  EXPECT_THAT(Actor(keeper.socket()).ask("take"), testing::StartsWith("taken 2 0 1 flood="));
}

TEST(KeeperHostile, ASuccessorThatNeverReadsHoldsUpNobody) {
  Keeper keeper;
  {
    Actor first(keeper.socket());
    first.ask("take");
    EXPECT_EQ(first.ask("many 3000"), "kept 3000 full 0");
  }
  {
    Actor second(keeper.socket());
    second.ask("ask-take");
    EXPECT_TRUE(keeper.wait_for_log("takes 3000 descriptors"));
    EXPECT_TRUE(serves_others(keeper));
  }
  EXPECT_EQ(KeeperClient(keeper.socket()).take().contents.size(), 3000U);
  keeper.process().signal(SIGTERM);
  EXPECT_EQ(keeper.process().wait(), 0);
}

}  // namespace
}  // namespace ringpost::tests
