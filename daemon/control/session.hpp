// One connection: asks who it is, answers its questions one at a time, and ends it at the first thing that an
// honest client would not do.
//
//     kExpectsHello ──hello──▶ kIdle ──question that an instance answers──▶ kAnswering
//           │                    ▲└─question answered at once─┐                 │
//           │                    └───────────────────◀────────┴──answer sent────┘
//           └──────────deadline, end of the connection, protocol error──▶ kEnded
//
//     kAdopted ──hello that names this daemon──▶ kIdle        a connection of a dead daemon's: everything else that
//                                                            comes before that hello is dropped
//
// A question about the status or dead letters instead of the hello makes no client: it is answered, and that is the
// connection's end.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
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

  // A connection that a dead daemon has left, and what its client has there.
  struct Adoption {
    std::shared_ptr<Client> client;
    std::uint32_t next_slot = 0;  // on its boards: those before have been given
    struct Channel {
      std::uint32_t index = 0;
      ipc::Descriptor doorbell;  // none: it had not been opened
      std::vector<AdoptedLane> lanes;
    };
    std::vector<Channel> channels;
  };
  Session(ControlState& state, ipc::Descriptor& socket, Credentials who, Adoption adoption, Ended ended);

  void start();
  // Its client's memory was malformed: every later call and question fails. False: it was cut off before.
  bool cut_off();
  bool is_cut_off() const { return cut_off_; }
  // It comes from a dead daemon, and has not said yet that all its publishers use this one's boards.
  bool looks_at_old_boards() const { return adopted_ && !confirmed_ && !cut_off_; }
  void daemon_stops();
  // The process is at its end, which closes the socket; or another daemon goes on with it.
  void leave_open() {
    phase_ = Phase::kEnded;
    socket_.release();
  }

  const Credentials& who() const { return who_; }
  const std::shared_ptr<Client>& client() const { return client_; }  // null before the hello
  std::vector<std::uint32_t> open_channels() const;  // the instances' indices, of revoked ones too
  std::uint64_t lanes_opened() const { return lanes_opened_; }
  std::uint64_t lane_bytes_opened() const { return lane_bytes_opened_; }
  // Under which the keeper has its lanes and doorbells.
  const std::set<std::string>& kept_names() const { return kept_names_; }

 private:
  enum class Phase : std::uint8_t { kExpectsHello, kAdopted, kIdle, kAnswering, kEnded };

  // A lane that is registered; its descriptor is here until it has left for the client.
  struct Lane {
    std::uint64_t id = 0;
    std::uint32_t slot = 0;
    ipc::Descriptor memory;
  };
  struct Channel {
    // kRevoked: inherited, and not for this user any more.
    enum class State : std::uint8_t { kClosed, kDenied, kOpen, kInherited, kRevoked };
    State state = State::kClosed;
    std::uint32_t lanes = 0;
    Lane unsent;
    // Of a dead daemon's client, until it has opened the instance here.
    ipc::Descriptor doorbell;
    std::vector<AdoptedLane> inherited;
  };

  // What a refusal says when the keeper did not take something.
  static constexpr const char* kNotKept =
      "the keeper is away or full (its log says which), and what is not with it would end with the daemon: "
      "try again "
      "later";
  // For logs: what a client calls itself, without what could upset a terminal.
  static std::string printable(std::string_view name_untrusted);

  void wait_for_question();
  void read_question();
  void question(const ipc::Frame& frame);
  void hello(const ipc::Frame& frame);
  void welcome(std::uint64_t number, std::string name);
  void send_welcome(std::uint64_t number);
  // session_adoption.cpp
  void say_adopted();
  void hello_again(const ipc::Frame& frame);
  std::uint32_t count_lost(const ipc::HelloBody& hello) const;
  void abandon_lanes_not_in(const ipc::HelloBody& hello);
  void open_inherited(std::uint64_t number, std::uint32_t index);
  void confirm(std::uint32_t generation);
  void answer_client(const ipc::Frame& frame);
  void open_instance(std::uint64_t number, std::uint32_t index);
  void log_denial(std::uint32_t index);
  void open_channel(std::uint64_t number, std::uint32_t index);
  void doorbell_kept(std::uint64_t number, std::uint32_t index, const ipc::Descriptor& doorbell, bool kept);
  ipc::Frame instance_frame(std::uint64_t number, std::uint32_t index) const;
  void open_lane(std::uint64_t number, std::uint32_t index);
  void create_lane(std::uint64_t number, std::uint32_t index);
  void register_lane(std::uint64_t number, std::uint32_t index);
  void lane_failed(std::uint64_t number, std::uint32_t index, const char* why);
  void lane_registered(std::uint64_t number, std::uint32_t index, bool done);
  void send_lane(std::uint64_t number, std::uint32_t index);
  void read_status(std::uint64_t number);
  void send_status(std::uint64_t number, const std::vector<Reading>& readings);
  void send_text(std::uint64_t number, const std::string& text);
  DaemonStatus daemon_status() const;
  // session_questions.cpp
  Instance* asked_about(std::uint64_t number, std::string_view instance);
  void refuse_question(std::uint64_t number, ipc::Refusal refusal, std::string_view text);
  void audit(const ipc::Frame& frame);
  void decide_letters(const ipc::Frame& frame);
  void send_letters_done(std::uint64_t number, const std::vector<ipc::LetterResult>& results);

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
  // Of all channels. The lanes that it has may be fewer than the slots: one that it never got leaves its slot unused.
  std::uint32_t next_slot_ = 0;
  std::uint64_t lanes_opened_ = 0;
  std::uint64_t lane_bytes_opened_ = 0;
  std::set<std::string> kept_names_;
  bool adopted_ = false;
  bool confirmed_ = false;
  std::uint32_t dropped_ = 0;  // frames that were meant for a dead daemon
};

}  // namespace ringpost::daemon
