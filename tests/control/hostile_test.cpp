// Clients that do what no client should, while neighbours publish: the daemon serves on, each neighbour's events are
// all delivered in order, and who broke the protocol is cut off.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <boost/json.hpp>

#include "tests/control/lingering_socket.hpp"
#include "tests/control/neighbours.hpp"
#include "tests/control/raw_client.hpp"
#include "tests/support/daemon.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

using testing::HasSubstr;
using What = ipc::Received::What;

const std::string kInstance =
    "[instance.kafkaid]\nbrokers = \"embedded\"\ntopics = [\"orders\"]\nlane_size = \"1MiB\"\n"
    "max_event_size = \"64KiB\"\n";

class HostileTest : public testing::Test {
 protected:
  HostileTest() { daemon_.wait_until_connected("kafkaid"); }
  void SetUp() override { neighbours_ = std::make_unique<Neighbours>(daemon_, "kafkaid"); }
  void TearDown() override {
    EXPECT_TRUE(neighbours_->go_on()) << daemon_.log();
    EXPECT_EQ(neighbours_->fault(), "") << daemon_.log();
    EXPECT_EQ(daemon_.stop(), 0) << daemon_.log();
    EXPECT_THAT(daemon_.log(), testing::Not(HasSubstr("neighbour")));
  }

  boost::json::value status() const {
    RawClient asker(daemon_.socket());
    return boost::json::parse(asker.status());
  }
  std::uint64_t daemon_count(const char* name) const { return status().at(name).to_number<std::uint64_t>(); }
  std::uint64_t instance_count(const char* name) const {
    return status().at("instances").at(0).at(name).to_number<std::uint64_t>();
  }

  Daemon daemon_{kInstance};
  std::unique_ptr<Neighbours> neighbours_;
};

bool ended_or_refused(const RawClient& client) {
  return wait_until([&] { return client.is_ended(); });
}

TEST_F(HostileTest, FramesOfRandomBytesAndHalfFrames) {
  std::mt19937_64 random(20261123);
  const std::uint64_t errors_before = daemon_count("protocol_errors");
  for (int number = 0; number < 300; ++number) {
    RawClient client(daemon_.socket());
    if (number % 3 == 0) client.hello();
    std::vector<std::byte> bytes(number % 2 == 0 ? sizeof(ipc::Frame) : random() % 1'000);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    const ipc::Frame frame = ipc::make_frame(ipc::FrameType::kOpenLane, random());
    // Right at its beginning, so that more than the magic is looked at.
    if (number % 4 < 2 && !bytes.empty())
      std::memcpy(bytes.data(), &frame, std::min(bytes.size(), 4 + random() % 12));
    client.send_bytes(bytes);
    if (number % 5 == 0) client.send_bytes(std::span(bytes).first(bytes.size() / 2));
    ASSERT_EQ(client.receive().what == What::kNothing, false) << "neither answered nor ended: " << number;
  }
  EXPECT_GT(daemon_count("protocol_errors"), errors_before);
}

TEST_F(HostileTest, AFrameInTwoMessagesIsNoFrame) {
  RawClient client(daemon_.socket());
  client.hello();
  const ipc::Frame ping = ipc::make_frame(ipc::FrameType::kPing, 2);
  const auto bytes = std::as_bytes(std::span(&ping, 1));
  // Without the mark of a record's end (MSG_EOR), as a stream's half would be sent.
  ASSERT_TRUE(client.send_bytes(bytes.first(100)));
  client.send_bytes(bytes.subspan(100));
  EXPECT_TRUE(ended_or_refused(client));
}

TEST_F(HostileTest, AnEmptyMessageEndsTheConnection) {
  RawClient client(daemon_.socket());
  client.hello();
  ASSERT_TRUE(client.send_bytes({}));
  EXPECT_TRUE(ended_or_refused(client));
}

TEST_F(HostileTest, NumbersThatAreReplayedAreAnsweredAsTheyCome) {
  RawClient client(daemon_.socket());
  client.hello();
  for (const std::uint64_t number : {7ULL, 7ULL, 0ULL, ~0ULL, 7ULL}) {
    const ipc::Frame ping = ipc::make_frame(ipc::FrameType::kPing, number);
    ASSERT_TRUE(client.send_bytes(std::as_bytes(std::span(&ping, 1))));
    EXPECT_EQ(client.receive().frame.header.number, number);
  }
}

TEST_F(HostileTest, HalvesThatAreShutDown) {
  for (const int half : {SHUT_RD, SHUT_WR, SHUT_RDWR}) {
    RawClient client = client_with_lane(daemon_.socket());
    ASSERT_TRUE(client.publish("orders", "1"));
    ASSERT_EQ(::shutdown(client.socket(), half), 0);
    client.send(ipc::make_frame(ipc::FrameType::kPing, 0));
    EXPECT_TRUE(ended_or_refused(client)) << half;
  }
  EXPECT_TRUE(wait_until([&] { return daemon_count("clients") == 2; })) << "the neighbours alone";
}

// Where the kernel refuses to carry them (Linux 6.16), the sender has EPERM; else the connection ends.
void expect_descriptors_not_taken(RawClient& client, std::span<const int> descriptors) {
  const ipc::Frame frame = ipc::make_frame(ipc::FrameType::kPing, 2);
  iovec vector{const_cast<ipc::Frame*>(&frame), sizeof frame};
  std::vector<char> control(CMSG_SPACE(descriptors.size_bytes()));
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_RIGHTS;
  part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  if (::sendmsg(client.socket(), &message, MSG_NOSIGNAL) < 0) {
    EXPECT_EQ(errno, EPERM) << std::strerror(errno);
    return;
  }
  EXPECT_TRUE(ended_or_refused(client));
}

TEST_F(HostileTest, DescriptorsOfEveryKind) {
  const TemporaryDirectory directory;
  const ipc::Descriptor file(::open(directory.file("x").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const ipc::Descriptor listener(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  std::vector<std::vector<int>> sets{{file.get()}, {listener.get()}, std::vector<int>(253, file.get())};
  for (const bool after_hello : {false, true}) {
    for (const auto& set : sets) {
      RawClient client(daemon_.socket());
      if (after_hello) client.hello();
      expect_descriptors_not_taken(client, set);
    }
    RawClient client(daemon_.socket());  // itself: a cycle, which only the kernel's collector can free
    if (after_hello) client.hello();
    expect_descriptors_not_taken(client, std::array{client.socket()});
  }
}

// Whoever reads such a message or closes such a connection waits for an hour: it must not be the control thread.
TEST_F(HostileTest, SocketsThatLingerHoldNobodyUp) {
  std::vector<std::unique_ptr<LingeringSocket>> lingering;
  for (int number = 0; number < 12; ++number) {
    lingering.push_back(std::make_unique<LingeringSocket>());
    RawClient client(daemon_.socket());
    if (number % 2 == 0) client.hello();
    if (number % 3 == 0) client.send(ipc::make_frame(ipc::FrameType::kPing, 0));
    const std::array descriptors{lingering.back()->descriptor()};
    // Where the kernel does not carry it, the test's own would be the close that waits.
    if (client.send(ipc::make_frame(ipc::FrameType::kPing, 0), descriptors)) lingering.back()->close_own();
  }
  EXPECT_GT(daemon_count("uptime_s") + 1, 0U);  // it answers
  EXPECT_TRUE(wait_until([&] { return daemon_count("connections") == 3; })) << "the neighbours and who asks";
}

TEST_F(HostileTest, CredentialsThatAreLies) {
  RawClient client(daemon_.socket());
  ucred lie{::getpid(), ::getuid(), ::getgid()};
  if (::geteuid() == 0) lie = {1, 12'345, 12'345};
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kStatus, 1);
  iovec vector{&frame, sizeof frame};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof lie)> control{};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const part = CMSG_FIRSTHDR(&message);
  part->cmsg_level = SOL_SOCKET;
  part->cmsg_type = SCM_CREDENTIALS;
  part->cmsg_len = CMSG_LEN(sizeof lie);
  std::memcpy(CMSG_DATA(part), &lie, sizeof lie);
  ASSERT_GT(::sendmsg(client.socket(), &message, 0), 0);
  const ipc::Received answer = client.receive();
  ASSERT_EQ(answer.frame.header.type, ipc::FrameType::kStatusText);
  std::string text(answer.frame.body.status_text.size_bytes, '\0');
  ASSERT_EQ(::pread(answer.descriptors[0].get(), text.data(), text.size(), 0), ssize_t(text.size()));
  const auto users = boost::json::parse(text).at("users").as_array();
  ASSERT_EQ(users.size(), 1U) << "and of no other user does it know";
  EXPECT_EQ(users[0].at("uid"), ::geteuid());
}

TEST_F(HostileTest, AConnectionThatAnotherProcessSpeaksOn) {
  RawClient client = client_with_lane(daemon_.socket());
  const pid_t child = ::fork();
  if (child == 0) {
    // The same connection, in a process that could not have made it: it speaks as who connected.
    if (::geteuid() == 0 && ::setuid(54'321) != 0) ::_exit(2);
    ::_exit(client.ping() && client.publish("orders", "1") ? 0 : 1);
  }
  int outcome = -1;
  ASSERT_EQ(::waitpid(child, &outcome, 0), child);
  EXPECT_EQ(outcome, 0);
  const auto users = status().at("users").as_array();
  ASSERT_EQ(users.size(), 1U);
  EXPECT_EQ(users[0].at("clients"), 3);
}

TEST_F(HostileTest, AProcessThatIsStopped) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    RawClient client = client_with_lane(daemon_.socket());
    for (int number = 0; number < 100; ++number) client.publish("orders", "1");
    client.send(index_frame(ipc::FrameType::kOpenLane, 0));  // and never reads the answer
    [[maybe_unused]] const ssize_t written = ::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(::kill(child, SIGSTOP), 0);
  EXPECT_TRUE(neighbours_->go_on());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  EXPECT_TRUE(
      wait_until([&] { return daemon_count("clients") == 2 && daemon_count("clients_departed") == 0; }));
}

TEST_F(HostileTest, StatusIsToldWithoutAHello) {
  RawClient asker(daemon_.socket());
  EXPECT_EQ(boost::json::parse(asker.status()).at("clients"), 2) << "who asks is no client";
  EXPECT_TRUE(ended_or_refused(asker)) << "one question, and no more";
}

}  // namespace
}  // namespace ringpost::tests
