// A daemon's control thread without its listening socket: instances, the state that sessions share, and one session at
// a time whose connection is a socket pair.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include <boost/asio/io_context.hpp>

#include "daemon/control/control_state.hpp"
#include "daemon/control/session.hpp"
#include "ipc/control_socket.hpp"

namespace ringpost::fuzz {

// Instance 0 may be used by kUser, instance 1 by somebody else only.
inline constexpr std::uint32_t kInstances = 2;
inline constexpr uid_t kUser = 4711;

class ControlSide {
 public:
  static ControlSide& the();  // one for the process, never destroyed: its instances have threads

  // A connection at whose end a session waits for a hello.
  class Connection {
   public:
    explicit Connection(ControlSide& side);
    // NOLINTNEXTLINE(bugprone-exception-escape): it ends the process, which is a finding
    ~Connection();  // the peer closes; checks that nothing of it is left but what an instance still drains
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // One message of its peer's, whatever it is, and what the session makes of it.
    void send(std::span<const std::byte> message);
    // The answer that waits for the peer; waits for one that an instance has to give first.
    ipc::Received receive();
    // Without waiting for an instance.
    ipc::Received receive_what_is_there() { return ipc::receive_answer(peer_.get(), 0); }
    bool ended() const { return ended_; }
    const daemon::Session& session() const { return *session_; }

   private:
    ControlSide& side_;
    ipc::Descriptor peer_;
    bool ended_ = false;
    std::shared_ptr<daemon::Session> session_;
  };

  std::uint64_t protocol_errors() const { return state_.protocol_errors; }

 private:
  ControlSide();
  void run_ready();
  void forget(daemon::Session& session);

  boost::asio::io_context io_;
  const daemon::Config config_;
  daemon::Custody custody_;  // no keeper
  daemon::ControlState state_;
  std::size_t draining_ = 0;  // clients that have gone and that an instance is not done with
};

}  // namespace ringpost::fuzz
