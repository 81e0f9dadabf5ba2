// What listens at a broker's address and is none.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>
#include <thread>

namespace ringpost::tests {

// Answers each thing that is said to it with the same bytes; one connection at a time.
class OddPeer {
 public:
  enum class Then { kGoesOn, kHangsUp };

  OddPeer(std::string answer, Then then) : answer_(std::move(answer)), then_(then) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  ~OddPeer() {
    ::shutdown(listener_, SHUT_RDWR);  // ends accept()
    thread_.join();
    ::close(listener_);
  }
  OddPeer(const OddPeer&) = delete;
  OddPeer& operator=(const OddPeer&) = delete;

  const std::string& address() const { return address_; }

 private:
  void serve() const {
    for (;;) {
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      std::array<char, 4096> said{};
      while (::recv(connection, said.data(), said.size(), 0) > 0) {
        ::send(connection, answer_.data(), answer_.size(), MSG_NOSIGNAL);
        if (then_ == Then::kHangsUp) break;
      }
      ::close(connection);
    }
  }

  const std::string answer_;
  const Then then_;
  int listener_ = -1;
  std::string address_;
  std::thread thread_;
};

inline constexpr std::string_view kHttpAnswer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

}  // namespace ringpost::tests
