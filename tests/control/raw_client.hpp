// The control protocol spoken by hand: honest where a test wants it, and not where it does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ipc/board.hpp"
#include "ipc/control_socket.hpp"
#include "ipc/frames.hpp"
#include "ipc/lane_writer.hpp"

namespace ringpost::tests {

class RawClient {
 public:
  explicit RawClient(const std::string& socket);  // throws std::runtime_error when nobody is there

  // Sends the bytes as one message, whatever they are.
  bool send_bytes(std::span<const std::byte> bytes) const;
  // Sends a frame with the next number and does not wait for the answer.
  bool send(ipc::Frame frame, std::span<const int> descriptors = {});
  // The next answer; kNothing when none comes within the tests' deadline.
  ipc::Received receive() const;
  ipc::Received ask(const ipc::Frame& frame);

  // The daemon has closed its end. Reads nothing.
  bool is_ended() const;
  bool wait_until_ended() const;

  ipc::Received hello(std::int64_t clock_ahead_ns = 0);
  bool send_hello(std::int64_t clock_ahead_ns = 0);  // and does not wait for the answer
  ipc::Received open_instance(std::uint32_t index);
  ipc::Received open_lane(std::uint32_t index);
  bool ping();
  ipc::Received ask_status();
  std::string status();  // the JSON text
  // Its connection's standing, read from its board. After an accepted hello.
  ipc::Standing standing() const;

  // One event into the lane of the last open_lane(). False: no room.
  bool publish(std::string_view topic, std::string_view message);
  ipc::LaneWriter& lane() { return *lane_; }
  const ipc::Descriptor& lane_memory() const { return lane_memory_; }
  std::uint64_t released() const;  // up to where the daemon has taken that lane

  int socket() const { return socket_.get(); }

 private:
  ipc::Descriptor socket_;
  std::uint64_t number_ = 0;
  std::unique_ptr<ipc::ClientBoardReader> board_;
  ipc::Descriptor lane_memory_;
  std::unique_ptr<ipc::LaneWriter> lane_;
  std::uint32_t slot_ = 0;
};

ipc::Frame index_frame(ipc::FrameType type, std::uint32_t index);

// What the daemon said no to; 0 when it is no refusal.
ipc::Refusal refusal_of(const ipc::Received& received);
std::string refusal_text(const ipc::Received& received);

// The status that was asked for. Throws std::runtime_error with the daemon's words when it was refused.
std::string status_text(const ipc::Received& received);

// Through hello, instance and lane of the instance with that index. Throws std::runtime_error with the daemon's words.
RawClient client_with_lane(const std::string& socket, std::uint32_t index = 0);

}  // namespace ringpost::tests
