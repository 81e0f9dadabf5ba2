// The undertaker closes what would wait for ever, and what it can't close before the end it leaves to the exit.
#include "daemon/control/undertaker.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "ipc/control_socket.hpp"
#include "tests/control/lingering_socket.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::daemon {
namespace {

using tests::wait_until;

struct Pair {
  Pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) == 0) {
      ours = ipc::Descriptor(ends[0]);
      theirs = ipc::Descriptor(ends[1]);
    }
  }
  ipc::Descriptor ours;
  ipc::Descriptor theirs;
};

TEST(Undertaker, ClosesAndSaysSo) {
  Undertaker undertaker;
  Pair pair;
  std::atomic<int> closed{0};
  undertaker.close(std::move(pair.ours), [&] { ++closed; });
  EXPECT_TRUE(wait_until([&] { return closed == 1; }));
  char byte;
  EXPECT_EQ(::read(pair.theirs.get(), &byte, 1), 0) << "it is still open";
}

TEST(Undertaker, WithAnEmptyMessageInItAConnectionIsNotEmpty) {
  Undertaker undertaker;
  Pair pair;
  tests::LingeringSocket lingering;
  ASSERT_EQ(::send(pair.theirs.get(), nullptr, 0, 0), 0);  // reads like the connection's end
  const std::array descriptors{lingering.descriptor()};
  ASSERT_TRUE(ipc::send_frame(pair.theirs.get(), ipc::make_frame(ipc::FrameType::kHello, 1), descriptors));
  lingering.close_own();
  const auto caller = std::this_thread::get_id();
  std::atomic<int> closed{0};
  undertaker.close(std::move(pair.ours), [&] { closed = std::this_thread::get_id() == caller ? 1 : 2; });
  EXPECT_TRUE(wait_until([&] { return closed != 0; }));
  EXPECT_EQ(closed, 2) << "it was closed on the thread that must not wait";
}

TEST(Undertaker, ASocketThatLingersForAnHourHoldsItUpForATick) {
  Undertaker undertaker;
  std::atomic<int> closed{0};
  std::vector<std::unique_ptr<tests::LingeringSocket>> lingering;
  for (int number = 0; number < 20; ++number) {
    Pair pair;
    lingering.push_back(std::make_unique<tests::LingeringSocket>());
    const std::array descriptors{lingering.back()->descriptor()};
    ASSERT_TRUE(ipc::send_frame(pair.theirs.get(), ipc::make_frame(ipc::FrameType::kHello, 1), descriptors));
    lingering.back()->close_own();
    undertaker.close(std::move(pair.ours), [&] { ++closed; });
  }
  EXPECT_TRUE(wait_until([&] { return closed == 20; })) << closed;
}

TEST(Undertaker, AQuestionWithDescriptorsIsLeftUnread) {
  Undertaker undertaker;
  Pair pair;
  tests::LingeringSocket lingering;
  const std::array descriptors{lingering.descriptor()};
  ASSERT_TRUE(ipc::send_frame(pair.theirs.get(), ipc::make_frame(ipc::FrameType::kHello, 1), descriptors));
  lingering.close_own();
  for (int look = 0; look < 3; ++look) {
    EXPECT_EQ(ipc::receive_question(pair.ours.get()).what, ipc::Received::What::kGarbage);
  }
  EXPECT_NE(ipc::unread_bytes(pair.theirs.get()), 0U) << "it was read, and the sender's socket closed here";
  undertaker.close(std::move(pair.ours), nullptr);
}

}  // namespace
}  // namespace ringpost::daemon
