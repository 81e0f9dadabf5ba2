#include "bench/datagram_peer.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "bench/pinning.hpp"

namespace ringpost::bench {

DatagramPeer::DatagramPeer() {
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  socket_ = ipc::Descriptor(sockets[0]);
  const ipc::Descriptor other(sockets[1]);
  peer_ = ::fork();
  if (peer_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (peer_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin_to_cpu(1);
  socket_.reset();
  std::array<char, 64 << 10> bytes;
  while (::recv(other.get(), bytes.data(), bytes.size(), 0) > 0) {
  }
  ::_exit(0);
}

DatagramPeer::~DatagramPeer() {
  ::kill(peer_, SIGKILL);
  ::waitpid(peer_, nullptr, 0);
}

bool DatagramPeer::send(std::string_view message) {
  return ::send(socket_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

}  // namespace ringpost::bench
