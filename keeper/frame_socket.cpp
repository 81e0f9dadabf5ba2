#include "keeper/frame_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ringpost::keeper {
namespace {

constexpr int kPeerPidfd = 77;               // SO_PEERPIDFD: newer than Debian 12's headers
constexpr std::size_t kDescriptorsRoom = 4;  // so that one too many is seen, and closed

struct ControlRoom {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(int) * kDescriptorsRoom)];
};

// How many descriptors came along; the first stays, the others are closed.
std::size_t take_descriptors(msghdr& message, int& first) {
  std::size_t taken = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t at = 0; at < count; ++at) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(part) + at * sizeof(int), sizeof descriptor);
      if (taken++ == 0) {
        first = descriptor;
      } else {
        ::close(descriptor);
      }
    }
  }
  return taken;
}

bool is_frame(const Frame& frame, ssize_t size) {
  return size == static_cast<ssize_t>(sizeof frame) && frame.magic == kFrameMagic &&
         frame.version == kProtocolVersion;
}

}  // namespace

SendResult send_bytes(int socket, const void* bytes, std::size_t size_bytes, int descriptor) {
  ControlRoom control{};
  iovec vector{const_cast<void*>(bytes), size_bytes};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = &control.bytes[0];
    message.msg_controllen = CMSG_SPACE(sizeof descriptor);
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
  if (size >= 0) return SendResult::kSent;
  const bool is_passing = errno == EAGAIN || errno == ETOOMANYREFS || errno == ENOBUFS || errno == ENOMEM;
  return is_passing ? SendResult::kLater : SendResult::kBroken;
}

SendResult send_frame(int socket, const Frame& frame, int descriptor) {
  return send_bytes(socket, &frame, sizeof frame, descriptor);
}

Received receive_frame(int socket) {
  Received received;
  // One byte more than a frame, so that something longer is seen to be longer.
  char bytes[sizeof(Frame) + 1];
  ControlRoom control{};
  iovec vector{&bytes[0], sizeof bytes};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = &control.bytes[0];
  message.msg_controllen = sizeof control.bytes;
  ssize_t size;
  do {
    size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    // ECONNRESET: the peer went with something of ours unread; what it had sent before is still there.
  } while (size < 0 && (errno == EINTR || errno == ECONNRESET));
  if (size < 0) {
    received.what = errno == EAGAIN ? Received::What::kNothing : Received::What::kEnd;
    return received;
  }
  const std::size_t descriptors = take_descriptors(message, received.descriptor);
  const bool is_cut = (message.msg_flags & MSG_CTRUNC) != 0;
  if (size >= static_cast<ssize_t>(sizeof(Frame))) std::memcpy(&received.frame, &bytes[0], sizeof(Frame));
  received.lost_descriptor = is_cut && descriptors == 0;
  const bool has_too_many = descriptors > 1 || (is_cut && descriptors != 0);
  if (is_frame(received.frame, size) && !has_too_many) {
    received.what = Received::What::kFrame;
    return received;
  }
  if (received.descriptor >= 0) ::close(received.descriptor);
  received.descriptor = -1;
  received.what = size == 0 ? Received::What::kEnd : Received::What::kOdd;
  return received;
}

Peer peer_of(int socket) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {};
  return {credentials.pid, credentials.uid};
}

int pidfd_of(int socket, const Peer& peer) {
  if (peer.pid <= 0) return -1;
  int pidfd = -1;
  socklen_t size = sizeof pidfd;
  // The number of a process that has ended may be another's already: the kernel knows better, from Linux 6.5 on.
  if (::getsockopt(socket, SOL_SOCKET, kPeerPidfd, &pidfd, &size) == 0) return pidfd;
  return open_pidfd(peer.pid);
}

int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

bool is_dead(int pidfd) {
  pollfd death{pidfd, POLLIN, 0};
  return ::poll(&death, 1, 0) == 1;
}

}  // namespace ringpost::keeper
