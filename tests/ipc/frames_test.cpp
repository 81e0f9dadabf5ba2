// Frames and the socket that carries them.
#include "ipc/frames.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "ipc/control_socket.hpp"
#include "ipc/shared_memory.hpp"

namespace ringpost::ipc {
namespace {

struct Pair {
  Descriptor client;
  Descriptor daemon;
};

Pair connected() {
  std::array<int, 2> sockets{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets.data()), 0);
  return {Descriptor(sockets[0]), Descriptor(sockets[1])};
}

TEST(Frames, unused_bytes_are_zero) {
  // On a stack that was written to before.
  std::array<std::byte, sizeof(Frame)> dirt;
  std::memset(dirt.data(), 0xEE, dirt.size());
  const Frame frame = make_frame(FrameType::kPing, 9);
  EXPECT_EQ(frame.header.number, 9u);
  for (const std::byte byte : frame.body.bytes) EXPECT_EQ(byte, std::byte{0});
}

TEST(Frames, text_fields_are_cut_off_and_end_without_a_zero) {
  Frame frame = make_refusal(1, Refusal::kDenied, std::string(1000, 'x'));
  EXPECT_EQ(text_field(frame.body.refused.text), std::string(sizeof frame.body.refused.text, 'x'));
  set_text_field(frame.body.refused.text, "short");
  EXPECT_EQ(text_field(frame.body.refused.text), "short");
}

TEST(Frames, what_is_no_frame) {
  const Frame good = make_frame(FrameType::kPing, 1);
  Frame frame;
  EXPECT_TRUE(is_frame(&good, sizeof good, frame));
  EXPECT_FALSE(is_frame(&good, sizeof good - 1, frame));
  Frame bad = good;
  bad.header.magic ^= 1;
  EXPECT_FALSE(is_frame(&bad, sizeof bad, frame));
}

TEST(ControlSocket, a_question_and_its_answer_with_descriptors) {
  const Pair sockets = connected();
  ASSERT_TRUE(send_frame(sockets.client.get(), make_frame(FrameType::kOpenLane, 5)));
  const Received question = receive_question(sockets.daemon.get());
  ASSERT_EQ(question.what, Received::What::kFrame);
  EXPECT_EQ(question.frame.header.type, FrameType::kOpenLane);
  EXPECT_EQ(question.frame.header.number, 5u);

  const Descriptor memory = create_memory("test", kPageBytes);
  const std::array<int, 2> descriptors{memory.get(), memory.get()};
  ASSERT_TRUE(send_frame(sockets.daemon.get(), make_frame(FrameType::kLane, 5), descriptors));
  const Received answer = receive_answer(sockets.client.get(), 60'000);
  ASSERT_EQ(answer.what, Received::What::kFrame);
  for (const Descriptor& descriptor : answer.descriptors) {
    ASSERT_TRUE(descriptor);
    EXPECT_EQ(::fcntl(descriptor.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_EQ(::lseek(descriptor.get(), 0, SEEK_END), static_cast<off_t>(kPageBytes));
  }
}

TEST(ControlSocket, the_daemon_takes_no_descriptor_from_a_client) {
  const Pair sockets = connected();
  const Descriptor memory = create_memory("test", kPageBytes);
  const std::array<int, 1> descriptors{memory.get()};
  ASSERT_TRUE(send_frame(sockets.client.get(), make_frame(FrameType::kPing, 1), descriptors));
  const int next_free = ::dup(memory.get());
  ::close(next_free);
  const Received received = receive_question(sockets.daemon.get());
  EXPECT_NE(received.what, Received::What::kNothing);
  for (const Descriptor& descriptor : received.descriptors) EXPECT_FALSE(descriptor);
  const int still_free = ::dup(memory.get());
  EXPECT_EQ(still_free, next_free);
  ::close(still_free);
}

TEST(ControlSocket, garbage_silence_and_the_end_are_told_apart) {
  Pair sockets = connected();
  EXPECT_EQ(receive_question(sockets.daemon.get()).what, Received::What::kNothing);
  EXPECT_EQ(receive_answer(sockets.client.get(), 1).what, Received::What::kNothing);
  ASSERT_EQ(::send(sockets.client.get(), "garbage", 7, 0), 7);
  EXPECT_EQ(receive_question(sockets.daemon.get()).what, Received::What::kGarbage);
  const std::string longer(sizeof(Frame) + 100, 'x');
  ASSERT_GT(::send(sockets.client.get(), longer.data(), longer.size(), 0), 0);
  EXPECT_EQ(receive_question(sockets.daemon.get()).what, Received::What::kGarbage);
  sockets.client.reset();
  EXPECT_EQ(receive_question(sockets.daemon.get()).what, Received::What::kEnd);
  EXPECT_FALSE(send_frame(sockets.daemon.get(), make_frame(FrameType::kPong, 1)));  // and no SIGPIPE
}

TEST(ControlSocket, a_peer_that_never_reads_does_not_stop_the_sender) {
  const Pair sockets = connected();
  int sent = 0;
  while (sent < 100'000 && send_frame(sockets.daemon.get(), make_frame(FrameType::kPong, 1))) ++sent;
  EXPECT_LT(sent, 100'000);
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_GT(unread_bytes(sockets.daemon.get()), 0u);
}

TEST(ControlSocket, knows_who_is_at_the_other_end) {
  const Pair sockets = connected();
  const Peer peer = peer_of(sockets.daemon.get());
  EXPECT_EQ(peer.pid, ::getpid());
  EXPECT_EQ(peer.uid, ::getuid());
  EXPECT_EQ(peer.gid, ::getgid());
}

TEST(ControlSocket, paths_that_lead_nowhere) {
  EXPECT_FALSE(connect_control("/nowhere/ringpost.sock"));
  EXPECT_EQ(errno, ENOENT);
  EXPECT_FALSE(connect_control(""));
  EXPECT_EQ(errno, ENAMETOOLONG);
  EXPECT_FALSE(connect_control(std::string(108, 'p')));
  EXPECT_EQ(errno, ENAMETOOLONG);
}

}  // namespace
}  // namespace ringpost::ipc
