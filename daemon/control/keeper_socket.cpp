#include "daemon/control/keeper_socket.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ringpost::daemon {
namespace {

struct OneDescriptor {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

ipc::Descriptor descriptor_in(msghdr& message) {
  const cmsghdr* part = CMSG_FIRSTHDR(&message);
  if (part == nullptr || part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) return {};
  int number = -1;
  std::memcpy(&number, CMSG_DATA(part), sizeof number);
  return ipc::Descriptor(number);
}

}  // namespace

ipc::Descriptor connect_keeper(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return {};
  }
  path.copy(static_cast<char*>(address.sun_path), path.size());
  ipc::Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return {};
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int why = errno;
    socket.reset();
    errno = why;
  }
  return socket;
}

bool send_to_keeper(int socket, const keeper::Frame& frame, int descriptor) {
  OneDescriptor control;
  keeper::Frame copy = frame;
  iovec vector{&copy, sizeof copy};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof descriptor);
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof descriptor);
  }
  ssize_t size;
  do {
    size = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (size < 0 && errno == EINTR);
  return size == static_cast<ssize_t>(sizeof copy);
}

KeeperFrame receive_from_keeper(int socket) {
  KeeperFrame received;
  OneDescriptor control;
  iovec vector{&received.frame, sizeof received.frame};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t size;
  do {
    size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    // ECONNRESET: the keeper went with something of ours unread; what it had sent before is still there.
  } while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  if (size < 0) {
    if (errno != EAGAIN) received.what = KeeperFrame::What::kEnd;
    return received;
  }
  received.descriptor = descriptor_in(message);
  const keeper::Frame& frame = received.frame;
  const bool is_frame = size == static_cast<ssize_t>(sizeof frame) && (message.msg_flags & MSG_TRUNC) == 0 &&
                        frame.magic == keeper::kFrameMagic && frame.version == keeper::kProtocolVersion;
  if (!is_frame) {
    received.what = KeeperFrame::What::kEnd;
  } else if ((message.msg_flags & MSG_CTRUNC) != 0) {
    received.what = KeeperFrame::What::kOutOfDescriptors;
  } else {
    received.what = KeeperFrame::What::kFrame;
  }
  return received;
}

}  // namespace ringpost::daemon
