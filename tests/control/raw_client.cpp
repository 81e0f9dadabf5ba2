#include "tests/control/raw_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "ipc/clock.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

constexpr int kAnswerTimeoutMs =
    static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(kDeadline).count());

}  // namespace

RawClient::RawClient(const std::string& socket) : socket_(ipc::connect_control(socket)) {
  if (!socket_) throw std::runtime_error("connect to " + socket + ": " + std::strerror(errno));
}

bool RawClient::send_bytes(std::span<const std::byte> bytes) const {
  return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

bool RawClient::send(ipc::Frame frame, std::span<const int> descriptors) {
  frame.header.number = ++number_;
  return ipc::send_frame(socket_.get(), frame, descriptors);
}

ipc::Received RawClient::receive() const { return ipc::receive_answer(socket_.get(), kAnswerTimeoutMs); }

ipc::Received RawClient::ask(const ipc::Frame& frame) {
  if (!send(frame)) throw std::runtime_error(std::string("sending a question: ") + std::strerror(errno));
  ipc::Received received = receive();
  if (received.what == ipc::Received::What::kFrame && received.frame.header.number != number_) {
    throw std::runtime_error("an answer with another question's number");
  }
  // Of this daemon, or of its successor.
  if (received.frame.header.type == ipc::FrameType::kWelcome && received.descriptors[0])
    board_ = std::make_unique<ipc::ClientBoardReader>(received.descriptors[0]);
  return received;
}

bool RawClient::is_ended() const {
  pollfd end{socket_.get(), POLLRDHUP, 0};
  return ::poll(&end, 1, 0) == 1 && (end.revents & (POLLRDHUP | POLLHUP)) != 0;
}

bool RawClient::wait_until_ended() const {
  return wait_until([this] { return is_ended(); });
}

namespace {

ipc::Frame hello_frame(std::int64_t clock_ahead_ns) {
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kHello, 0);
  ipc::set_text_field(frame.body.hello.client_name, "raw");
  frame.body.hello.pid = ::getpid();
  frame.body.hello.clock_ns = ipc::monotonic_ns() + clock_ahead_ns;
  return frame;
}

}  // namespace

bool RawClient::send_hello(std::int64_t clock_ahead_ns) { return send(hello_frame(clock_ahead_ns)); }

ipc::Received RawClient::hello(std::int64_t clock_ahead_ns) { return ask(hello_frame(clock_ahead_ns)); }

ipc::Received RawClient::open_instance(std::uint32_t index) {
  return ask(index_frame(ipc::FrameType::kOpenInstance, index));
}

ipc::Received RawClient::open_lane(std::uint32_t index) {
  ipc::Received received = ask(index_frame(ipc::FrameType::kOpenLane, index));
  if (received.frame.header.type != ipc::FrameType::kLane || !received.descriptors[0]) return received;
  slot_ = received.frame.body.lane.slot;
  lane_memory_ = std::move(received.descriptors[0]);
  lane_ = std::make_unique<ipc::LaneWriter>(lane_memory_);
  return received;
}

bool RawClient::ping() {
  return ask(ipc::make_frame(ipc::FrameType::kPing, 0)).frame.header.type == ipc::FrameType::kPong;
}

ipc::Received RawClient::ask_status() { return ask(ipc::make_frame(ipc::FrameType::kStatus, 0)); }

std::string RawClient::status() { return status_text(ask_status()); }

ipc::Standing RawClient::standing() const {
  return static_cast<ipc::Standing>(board_->board().standing.load(std::memory_order_relaxed));
}

std::uint64_t RawClient::released() const {
  return board_->board().slots[slot_].released.load(
      std::memory_order_acquire);  // pairs with LaneReader::release
}

bool RawClient::publish(std::string_view topic, std::string_view message) {
  ipc::RecordHeader header{};
  header.topic_size = static_cast<std::uint16_t>(topic.size());
  header.message_size = static_cast<std::uint32_t>(message.size());
  const std::size_t size_bytes = ipc::align_record(sizeof header + topic.size() + message.size());
  std::byte* at = lane_->reserve(size_bytes, board_->board().slots[slot_].released);
  if (at == nullptr) return false;
  std::memcpy(at + sizeof header, topic.data(), topic.size());
  std::memcpy(at + sizeof header + topic.size(), message.data(), message.size());
  lane_->commit(header);
  return true;
}

ipc::Frame index_frame(ipc::FrameType type, std::uint32_t index) {
  ipc::Frame frame = ipc::make_frame(type, 0);
  frame.body.index.index = index;
  return frame;
}

ipc::Refusal refusal_of(const ipc::Received& received) {
  if (received.what != ipc::Received::What::kFrame ||
      received.frame.header.type != ipc::FrameType::kRefused) {
    return static_cast<ipc::Refusal>(0);
  }
  return static_cast<ipc::Refusal>(received.frame.body.refused.refusal);
}

std::string refusal_text(const ipc::Received& received) {
  if (refusal_of(received) == static_cast<ipc::Refusal>(0)) return {};
  return std::string(ipc::text_field(received.frame.body.refused.text));
}

std::string status_text(const ipc::Received& received) {
  if (received.what != ipc::Received::What::kFrame ||
      received.frame.header.type != ipc::FrameType::kStatusText) {
    throw std::runtime_error("no status: " + refusal_text(received));
  }
  std::string text(received.frame.body.status_text.size_bytes, '\0');
  const ssize_t size = ::pread(received.descriptors[0].get(), text.data(), text.size(), 0);
  if (size != static_cast<ssize_t>(text.size())) throw std::runtime_error("a status text of another size");
  return text;
}

RawClient client_with_lane(const std::string& socket, std::uint32_t index) {
  RawClient client(socket);
  for (const ipc::Received& received :
       {client.hello(), client.open_instance(index), client.open_lane(index)}) {
    if (received.what != ipc::Received::What::kFrame || !refusal_text(received).empty()) {
      throw std::runtime_error("no lane: " + refusal_text(received));
    }
  }
  return client;
}

}  // namespace ringpost::tests
