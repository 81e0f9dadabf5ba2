#include "tests/kafka_moods/proxy.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace ringpost::tests {
namespace {

using std::chrono::milliseconds;

constexpr int kPollSliceMs = 10;  // how often a thread looks whether it is over
constexpr std::size_t kChunkBytes = 16'384;

int check(int result, const std::string& what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

ipc::Descriptor tcp_socket() {
  ipc::Descriptor socket(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

bool ready(int socket, short what) {
  pollfd waiting{socket, what, 0};
  return ::poll(&waiting, 1, kPollSliceMs) > 0;
}

}  // namespace

Proxy::Proxy(std::uint16_t port, std::uint16_t broker_port)
    : broker_port_(broker_port), listener_(tcp_socket()) {
  const sockaddr_in address = loopback(port);
  check(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "a proxy's bind to port " + std::to_string(port));
  check(::listen(listener_.get(), SOMAXCONN), "listen");
  accepting_ = std::thread([this] { accept_all(); });
}

Proxy::~Proxy() {
  over_ = true;
  accepting_.join();
  end_all(false);
  for (Link& link : links_) {
    link.to_broker.join();
    link.to_client.join();
  }
}

void Proxy::pass() {
  delay_ms_ = 0;
  bytes_a_second_ = 0;
  black_hole_ = false;
  names_nobody_ = false;
}

void Proxy::delay(milliseconds each_way) { delay_ms_ = each_way.count(); }
void Proxy::limit(std::uint64_t bytes_a_second) { bytes_a_second_ = bytes_a_second; }
void Proxy::black_hole() { black_hole_ = true; }
void Proxy::name_nobody() { names_nobody_ = true; }
void Proxy::cut() { end_all(false); }
void Proxy::reset() { end_all(true); }

void Proxy::accept_all() {
  while (!over_) {
    if (!ready(listener_.get(), POLLIN)) continue;
    ipc::Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (client.get() >= 0) open_link(std::move(client));
  }
}

// Where the broker is down, the client's connection ends as soon as it was made.
void Proxy::open_link(ipc::Descriptor client) {
  ipc::Descriptor broker = tcp_socket();
  const sockaddr_in address = loopback(broker_port_);
  if (::connect(broker.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0) return;
  const std::lock_guard lock(mutex_);
  Link& link = links_.emplace_back();
  link.client = std::move(client);
  link.broker = std::move(broker);
  ++connections_;
  link.to_broker = std::thread([this, &link] { pump(link, link.client.get(), link.broker.get(), true); });
  link.to_client = std::thread([this, &link] { pump(link, link.broker.get(), link.client.get(), false); });
}

void Proxy::pump(Link& link, int from, int to, bool to_broker) {
  std::vector<char> chunk(kChunkBytes);
  while (!link.over) {
    if (black_hole_) {
      std::this_thread::sleep_for(milliseconds(kPollSliceMs));
      continue;
    }
    if (!ready(from, POLLIN)) continue;
    const ssize_t size = ::recv(from, chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size <= 0) break;
    // A chunk waits for the one before it, too: a delay is also a narrow line.
    if (const std::int64_t delay_ms = delay_ms_; delay_ms != 0)
      std::this_thread::sleep_for(milliseconds(delay_ms));
    if (const std::uint64_t rate = bytes_a_second_; rate != 0)
      std::this_thread::sleep_for(milliseconds(static_cast<std::uint64_t>(size) * 1000 / rate));
    while (black_hole_ && !link.over) std::this_thread::sleep_for(milliseconds(kPollSliceMs));
    const std::string_view read(chunk.data(), static_cast<std::size_t>(size));
    if (to_broker) link.metadata.request(read);
    if (!forward(link, to, to_broker ? std::string(read) : link.metadata.answer(read, names_nobody_))) break;
    if (to_broker) bytes_ += read.size();
  }
  link.over = true;
  ::shutdown(to, SHUT_RDWR);
  ::shutdown(from, SHUT_RDWR);
}

bool Proxy::forward(Link& link, int to, std::string_view bytes) {
  while (!bytes.empty() && !link.over) {
    if (!ready(to, POLLOUT)) continue;
    const ssize_t sent = ::send(to, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return bytes.empty();
}

void Proxy::end_all(bool by_reset) {
  const std::lock_guard lock(mutex_);
  for (Link& link : links_) {
    if (link.over.exchange(true)) continue;
    if (!by_reset) continue;
    // A connect to nowhere ends a TCP connection with RST, and leaves the descriptor to the threads that use it.
    sockaddr nowhere{};
    nowhere.sa_family = AF_UNSPEC;
    for (const ipc::Descriptor* const end : {&link.client, &link.broker})
      static_cast<void>(::connect(end->get(), &nowhere, sizeof nowhere));  // an end that is gone needs none
  }
}

}  // namespace ringpost::tests
