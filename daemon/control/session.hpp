// One connection: asks who it is, answers its questions one at a time, and ends it at the first thing that an
// honest client would not do.
//
//     kExpectsHello ──hello──▶ kIdle ──question that an instance answers──▶ kAnswering
//           │                    ▲└─question answered at once─┐                 │
//           │                    └───────────────────◀────────┴──answer sent────┘
//           └──────────deadline, end of the connection, protocol error──▶ kEnded
//
// A status question instead of the hello makes no client: it is answered, and that is the connection's end.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/control/access.hpp"
#include "daemon/control/control_state.hpp"
#include "daemon/instance/client.hpp"
#include "ipc/control_socket.hpp"

namespace ringpost::daemon {

inline constexpr std::chrono::seconds kHelloDeadline{5};
inline constexpr std::uint32_t kPingIntervalMs = 1000;

class Session : public std::enable_shared_from_this<Session> {
 public:
  using Ended = std::function<void(Session&, ipc::Descriptor)>;

  // `not_before_ns`: a time (CLOCK_MONOTONIC) at which this connection did not exist yet. `ended` is called
  // once, when the connection is at its end, with the socket, for the undertaker. Throws std::system_error when
  // the socket can't be watched; the caller has it still, then.
  Session(ControlState& state, ipc::Descriptor& socket, Credentials who, std::int64_t not_before_ns,
          Ended ended);

  void start();
  // Its client's memory was malformed: every later call and question fails. False: it was cut off before.
  bool cut_off();
  bool is_cut_off() const { return cut_off_; }
  void daemon_stops();
  // The process is at its end, which closes the socket.
  void leave_open() { socket_.release(); }

  const Credentials& who() const { return who_; }
  const std::shared_ptr<Client>& client() const { return client_; }  // null before the hello
  std::vector<std::uint32_t> open_channels() const;                  // the instances' indices
  std::uint64_t lanes_opened() const { return lanes_opened_; }
  std::uint64_t lane_bytes_opened() const { return lane_bytes_opened_; }

 private:
  enum class Phase : std::uint8_t { kExpectsHello, kIdle, kAnswering, kEnded };

  // A lane that is registered; its descriptor is here until it has left for the client.
  struct Lane {
    std::uint64_t id = 0;
    std::uint32_t slot = 0;
    ipc::Descriptor memory;
  };
  struct Channel {
    enum class State : std::uint8_t { kClosed, kDenied, kOpen };
    State state = State::kClosed;
    std::uint32_t lanes = 0;
    Lane unsent;
  };

  void wait_for_question();
  void read_question();
  void question(const ipc::Frame& frame);
  void hello(const ipc::Frame& frame);
  void welcome(std::uint64_t number, std::string name);
  void answer_client(const ipc::Frame& frame);
  void open_instance(std::uint64_t number, std::uint32_t index);
  void open_channel(std::uint64_t number, std::uint32_t index);
  void open_lane(std::uint64_t number, std::uint32_t index);
  void create_lane(std::uint64_t number, std::uint32_t index);
  void lane_registered(std::uint64_t number, std::uint32_t index, bool done);
  void send_lane(std::uint64_t number, std::uint32_t index);
  void read_status(std::uint64_t number);
  void send_status(std::uint64_t number, const std::vector<Reading>& readings);
  DaemonStatus daemon_status() const;

  bool answer(const ipc::Frame& frame, std::span<const int> descriptors = {});
  void refuse(std::uint64_t number, ipc::Refusal refusal, std::string_view text);
  void refuse_and_end(std::uint64_t number, ipc::Refusal refusal, std::string_view text);
  void protocol_error(std::string_view what);
  void end();

  ControlState& state_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer hello_deadline_;
  const Credentials who_;
  const std::int64_t not_before_ns_;
  const Ended ended_;
  Phase phase_ = Phase::kExpectsHello;
  bool cut_off_ = false;
  std::shared_ptr<Client> client_;
  std::vector<Channel> channels_;
  std::uint32_t lanes_opened_ = 0;  // of all channels: the next slot on the board
  std::uint64_t lane_bytes_opened_ = 0;
};

}  // namespace ringpost::daemon
