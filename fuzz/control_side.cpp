#include "fuzz/control_side.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>

#include "daemon/config/log.hpp"
#include "fuzz/require.hpp"
#include "ipc/clock.hpp"

namespace ringpost::fuzz {
namespace {

constexpr std::chrono::seconds kAnswerDeadline{20};
constexpr std::size_t kDrainingMax = 32;

daemon::InstanceConfig instance(const char* name) {
  daemon::InstanceConfig config;
  config.name = name;
  config.brokers = {"127.0.0.1:9"};  // nobody
  config.topics = {"t"};
  config.buffer_size_bytes = 4u << 20;
  config.lane_size_bytes = ipc::kLaneMinBytes;
  config.max_event_size_bytes = ipc::kLaneMinBytes / 2;
  config.lanes_per_client_max = 3;
  return config;
}

daemon::Config config() {
  daemon::Config config;
  config.instances = {instance("open"), instance("closed")};
  config.instances[1].allow.user_ids = {kUser + 1};
  return config;
}

// All of them are far away, whichever there are: tests/control has the quotas.
daemon::CensusLimits limits() {
  std::array<std::byte, sizeof(daemon::CensusLimits)> bytes;
  bytes.fill(std::byte{0x0F});
  return std::bit_cast<daemon::CensusLimits>(bytes);
}

}  // namespace

ControlSide& ControlSide::the() {
  static auto& side = *[] {
    spdlog::set_level(spdlog::level::off);
    return new ControlSide;
  }();
  return side;
}

ControlSide::ControlSide() : config_(config()), state_(io_, config_, limits(), custody_) {
  for (const daemon::InstanceConfig& each : config_.instances)
    state_.instances.push_back(std::make_unique<daemon::Instance>(each, daemon::InstanceEvents{}));
  for (const auto& instance : state_.instances) instance->start();
}

void ControlSide::run_ready() {
  io_.restart();
  io_.poll();
}

// As Server does it, but for the quotas' books, which begin anew for the next connection.
void ControlSide::forget(daemon::Session& session) {
  state_.census = daemon::Census(limits());
  const std::shared_ptr<daemon::Client> client = session.client();
  const std::vector<std::uint32_t> channels = session.open_channels();
  require(channels.size() <= 1, "only the instance that is open to it can be opened");
  if (!client || channels.empty()) return;
  ++draining_;
  state_.instances[channels.front()]->client_gone(
      client->id, [this] { boost::asio::post(io_, [this] { --draining_; }); });
}

ControlSide::Connection::Connection(ControlSide& side) : side_(side) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  peer_ = ipc::Descriptor(ends[0]);
  // What clients that have gone have left to an instance must not become ever more.
  const auto deadline = std::chrono::steady_clock::now() + kAnswerDeadline;
  while (side_.draining_ > kDrainingMax) {
    side_.io_.restart();
    side_.io_.run_one_for(std::chrono::milliseconds(10));
    require(std::chrono::steady_clock::now() < deadline, "who has gone is forgotten");
  }
  side_.state_.census.connected(kUser);
  ipc::Descriptor session_end(ends[1]);
  session_ = std::make_shared<daemon::Session>(
      side_.state_, session_end, daemon::Credentials{{1, kUser, kUser}, {}}, ipc::monotonic_ns(),
      [this](daemon::Session& who, ipc::Descriptor /*socket: closed*/) {
        require(!ended_, "a session ends once");
        ended_ = true;
        side_.forget(who);
      });
  session_->start();
}

// What would be thrown here is a finding: it ends the process. NOLINTNEXTLINE(bugprone-exception-escape)
ControlSide::Connection::~Connection() {
  peer_.reset();
  side_.run_ready();
  require(ended_, "a connection that its peer has closed is at its end");
}

void ControlSide::Connection::send(std::span<const std::byte> message) {
  // EPIPE, when the session has ended: what a client would get.
  if (::send(peer_.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return;
  side_.run_ready();
}

ipc::Received ControlSide::Connection::receive() {
  const auto deadline = std::chrono::steady_clock::now() + kAnswerDeadline;
  for (;;) {
    ipc::Received received = receive_what_is_there();
    if (received.what != ipc::Received::What::kNothing) return received;
    require(std::chrono::steady_clock::now() < deadline, "a question gets an answer");
    side_.io_.restart();
    side_.io_.run_one_for(std::chrono::milliseconds(10));
  }
}

}  // namespace ringpost::fuzz
