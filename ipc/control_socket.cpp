#include "ipc/control_socket.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace ringpost::ipc {
namespace {

// Room for the descriptors of one frame, aligned as cmsghdr wants it.
struct ControlBuffer {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kFrameDescriptorsMax)> bytes{};
};

void take_descriptors(msghdr& message, Received& received) {
  std::size_t taken = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t at = 0; at < count; ++at) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(part) + at * sizeof(int), sizeof number);
      Descriptor descriptor(number);
      if (taken < received.descriptors.size()) received.descriptors[taken++] = std::move(descriptor);
    }
  }
}

ssize_t receive_message(int socket, msghdr& message, int flags) {
  ssize_t size;
  do {
    size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | flags);
  } while (size < 0 && errno == EINTR);
  return size;
}

// Whether the next message has descriptors with it. Looking takes none of them.
bool descriptors_wait(int socket) {
  std::byte byte;
  iovec vector{&byte, sizeof byte};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  // The kernel says so when there is no room for what comes along; a client's credentials don't count, for we have
  // not asked for them.
  return receive_message(socket, message, MSG_PEEK) >= 0 && (message.msg_flags & MSG_CTRUNC) != 0;
}

Received receive(int socket, bool with_descriptors) {
  Received received;
  // One byte more than a frame, so that something longer is seen to be longer.
  std::array<std::byte, sizeof(Frame) + 1> bytes;
  ControlBuffer control;
  iovec vector{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (with_descriptors) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
  }
  ssize_t size = receive_message(socket, message, 0);
  // The peer has closed with something of ours unread: said once, and what it sent before is still there.
  if (size < 0 && errno == ECONNRESET) size = receive_message(socket, message, 0);
  if (size < 0) {
    received.what = errno == EAGAIN ? Received::What::kNothing : Received::What::kEnd;
    return received;
  }
  if (with_descriptors) take_descriptors(message, received);
  if (size == 0) {
    received.what = Received::What::kEnd;
  } else if ((message.msg_flags & MSG_CTRUNC) != 0 ||
             !is_frame(bytes.data(), static_cast<std::size_t>(size), received.frame)) {
    received.what = Received::What::kGarbage;
  } else {
    received.what = Received::What::kFrame;
  }
  return received;
}

}  // namespace

Descriptor connect_control(std::string_view socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.empty() || socket_path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return {};
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int why = errno;
    socket.reset();
    errno = why;
  }
  return socket;
}

bool send_frame(int socket, const Frame& frame, std::span<const int> descriptors) {
  ControlBuffer control;
  Frame copy = frame;
  iovec vector{&copy, sizeof copy};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  }
  ssize_t size;
  do {
    size = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (size < 0 && errno == EINTR);
  return size == static_cast<ssize_t>(sizeof copy);
}

Received receive_answer(int socket, int timeout_ms) {
  pollfd ready{socket, POLLIN, 0};
  if (::poll(&ready, 1, timeout_ms) <= 0) return {};
  return receive(socket, true);
}

Received receive_question(int socket) {
  if (!descriptors_wait(socket)) return receive(socket, false);
  Received received;
  received.what = Received::What::kGarbage;
  return received;
}

std::size_t unread_bytes(int socket) {
  int bytes = 0;
  if (::ioctl(socket, SIOCOUTQ, &bytes) != 0 || bytes < 0) return 0;
  return static_cast<std::size_t>(bytes);
}

Peer peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {};
  return {credentials.pid, credentials.uid, credentials.gid};
}

}  // namespace ringpost::ipc
