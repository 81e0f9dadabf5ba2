#include "bench/receivers.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <boost/interprocess/ipc/message_queue.hpp>

#include "bench/message.hpp"
#include "tests/client/fake_daemon.hpp"

namespace ringpost::bench {
namespace {

constexpr std::size_t kLaneBytes = 4u << 20;  // the daemon's default
constexpr std::size_t kQueuedMax = 8192;      // messages: about as many bytes as a lane has

std::array<ipc::Descriptor, 2> connected_pair(int type) {
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    throw std::system_error(errno, std::generic_category(), "socketpair");
  }
  return {ipc::Descriptor(sockets[0]), ipc::Descriptor(sockets[1])};
}

}  // namespace

DatagramReceiver::DatagramReceiver(int cpu) {
  auto [ours, theirs] = connected_pair(SOCK_DGRAM);
  socket_ = std::move(ours);
  peer_.emplace(cpu, [this, &theirs = theirs] {
    socket_.reset();
    std::array<char, 64 << 10> bytes;
    while (::recv(theirs.get(), bytes.data(), bytes.size(), 0) > 0) {
    }
  });
}

bool DatagramReceiver::send(std::string_view message) const {
  return ::send(socket_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

struct QueueReceiver::Queue {
  explicit Queue(const std::string& name)
      : messages(boost::interprocess::create_only, name.c_str(), kQueuedMax, kMessage.size()) {}
  boost::interprocess::message_queue messages;
};

QueueReceiver::QueueReceiver(int cpu)
    : name_("ringpost-bench-" + std::to_string(::getpid())), queue_(std::make_unique<Queue>(name_)) {
  peer_.emplace(cpu, [this] {
    std::array<char, kMessage.size()> bytes;
    std::size_t size = 0;
    unsigned priority = 0;
    for (;;) queue_->messages.receive(bytes.data(), bytes.size(), size, priority);
  });
  boost::interprocess::message_queue::remove(name_.c_str());  // both have it mapped
}

QueueReceiver::~QueueReceiver() = default;

bool QueueReceiver::send(std::string_view message) const {
  return queue_->messages.try_send(message.data(), message.size(), 0);
}

LaneReceiver::LaneReceiver(int cpu, unsigned nap_us) {
  auto [ours, theirs] = connected_pair(SOCK_SEQPACKET);
  peer_.emplace(cpu, [&theirs = theirs, nap_us] {
    tests::FakeInstance instance;
    instance.name = kInstance;
    instance.topics = {kTopic};
    instance.lane_bytes = kLaneBytes;
    tests::FakeDaemon daemon({instance});
    const std::string& path = daemon.socket_path();
    if (::send(theirs.get(), path.data(), path.size(), 0) < 0) return;
    for (;;) {
      daemon.discard();
      ::usleep(nap_us);
    }
  });
  std::array<char, 256> path;
  theirs.reset();
  const ssize_t size = ::recv(ours.get(), path.data(), path.size(), 0);
  if (size <= 0) throw std::runtime_error("the receiver of the lanes did not start");
  socket_.assign(path.data(), static_cast<std::size_t>(size));
}

LaneReceiver::~LaneReceiver() {
  peer_.reset();  // killed: it can't tidy up its folder
  std::error_code ignored;
  std::filesystem::remove_all(std::filesystem::path(socket_).parent_path(), ignored);
}

}  // namespace ringpost::bench
