// A descriptor whose last close waits for an hour: a TCP socket with SO_LINGER and bytes that its peer never takes.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "ipc/descriptor.hpp"

namespace ringpost::tests {

class LingeringSocket {
 public:
  LingeringSocket()
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        own_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    // Much more can wait to be sent than the peer will ever take: nobody accepts it, so nobody reads.
    const int least = 1;
    const int much = 128 << 10;
    check(::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &least, sizeof least));
    check(::setsockopt(own_.get(), SOL_SOCKET, SO_SNDBUF, &much, sizeof much));
    check(::bind(listener_.get(), any, size));
    check(::listen(listener_.get(), 1));
    check(::getsockname(listener_.get(), any, &size));
    check(::connect(own_.get(), any, size));
    static const std::array<char, 65'536> kBytes{};
    while (::send(own_.get(), kBytes.data(), kBytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) > 0) {
    }
    const linger hour{1, 3'600};
    check(::setsockopt(own_.get(), SOL_SOCKET, SO_LINGER, &hour, sizeof hour));
  }
  ~LingeringSocket() {
    const linger not_at_all{1, 0};
    if (own_) ::setsockopt(own_.get(), SOL_SOCKET, SO_LINGER, &not_at_all, sizeof not_at_all);
  }
  LingeringSocket(const LingeringSocket&) = delete;
  LingeringSocket& operator=(const LingeringSocket&) = delete;

  int descriptor() const { return own_.get(); }
  // Only after it was sent to somebody: else it waits here.
  void close_own() { own_.reset(); }

 private:
  static void check(int result) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), "making a lingering socket");
  }
  ipc::Descriptor listener_;  // closed after own_: with it, the peer that takes nothing is gone
  ipc::Descriptor own_;
};

}  // namespace ringpost::tests
