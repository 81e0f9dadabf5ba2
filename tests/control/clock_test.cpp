// The hello's clock: another one is refused with the difference, a hello that had to wait is not.
#include "ipc/clock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>

#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;

const std::string kInstance = "[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\n";
constexpr std::int64_t kSecond = 1'000'000'000;

TEST(Clock, AnotherClockIsRefusedWithTheDifference) {
  const Daemon daemon(kInstance);
  for (const std::int64_t ahead_ns : {kSecond, 86'400 * kSecond, -60 * kSecond}) {
    RawClient client(daemon.socket());
    const ipc::Received received = client.hello(ahead_ns);
    EXPECT_EQ(refusal_of(received), ipc::Refusal::kClock) << ahead_ns;
    EXPECT_THAT(refusal_text(received), HasSubstr("CLOCK_MONOTONIC"));
    EXPECT_THAT(refusal_text(received), HasSubstr(ahead_ns < 0 ? "behind" : "ahead"));
    EXPECT_TRUE(client.wait_until_ended());
  }
  RawClient client(daemon.socket());
  EXPECT_EQ(client.hello().frame.header.type, ipc::FrameType::kWelcome);
}

TEST(Clock, NoNumberUpsetsTheDaemon) {
  const Daemon daemon(kInstance);
  for (const std::int64_t clock_ns : {std::numeric_limits<std::int64_t>::min(), std::int64_t{0},
                                      std::numeric_limits<std::int64_t>::max()}) {
    RawClient client(daemon.socket());
    ipc::Frame frame = ipc::make_frame(ipc::FrameType::kHello, 0);
    frame.body.hello.clock_ns = clock_ns;
    EXPECT_EQ(refusal_of(client.ask(frame)), ipc::Refusal::kClock) << clock_ns;
  }
}

TEST(Clock, AHelloThatWaitedForTheDaemonIsNoForeignClock) {
  Daemon daemon(kInstance);
  daemon.process().signal(SIGSTOP);
  RawClient client(daemon.socket());
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kHello, 0);
  frame.body.hello.clock_ns = ipc::monotonic_ns();
  ASSERT_TRUE(client.send(frame));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // however long: under kHelloAgeMaxNs
  daemon.process().signal(SIGCONT);
  EXPECT_EQ(client.receive().frame.header.type, ipc::FrameType::kWelcome);
}

}  // namespace
}  // namespace ringpost::tests
