// The client's side of the control protocol: one question, then its answer.
#pragma once

#include <array>
#include <bitset>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "client-lib/inherited_descriptors.hpp"
#include "client-lib/limits.hpp"
#include "ipc/control_socket.hpp"
#include "ipc/frames.hpp"

namespace ringpost::client {

// The lanes of one client, by slot of its board.
using HeldLanes = std::bitset<ipc::kBoardSlotsMax>;

struct Answer {
  enum class What : std::uint8_t {
    kGiven,    // the frame that was asked for
    kRefused,  // `frame` holds why
    kAdopted,  // another daemon serves the connection: the question is lost, and a hello is due
    kEnd,      // the connection has ended, or the daemon says what nobody has asked
    kStopped,  // the handle is being closed
  };
  What what = What::kEnd;
  ipc::Frame frame{};
  std::array<ipc::Descriptor, ipc::kFrameDescriptorsMax> descriptors;
};

class Connection {
 public:
  using Clock = std::chrono::steady_clock;
  using Waiting = std::function<void()>;

  // `stop`: becomes readable when the handle is being closed. `waiting` is called now and then while an answer is late.
  Connection(ipc::Descriptor socket, int stop, InheritedDescriptors& inherited, Waiting waiting)
      : socket_(std::move(socket), inherited), stop_(stop), waiting_(std::move(waiting)) {}

  // Names the daemon that has adopted the connection, if one has. `held`: slots of the client board.
  Answer hello(const std::string& client_name, const HeldLanes& held = {});
  Answer open_instance(std::uint32_t index);
  Answer open_lane(std::uint32_t index);
  Answer ping(std::uint32_t generation);

  // Sleeps. kGiven: nothing has happened; otherwise kAdopted, kEnd or kStopped.
  Answer::What idle(milliseconds time);

  Clock::time_point last_answer() const { return last_answer_; }
  bool has_ended() const;

 private:
  Answer ask(ipc::Frame question, ipc::FrameType wanted);
  Answer receive(std::uint64_t number, ipc::FrameType wanted);

  ListedDescriptor socket_;
  int stop_;
  Waiting waiting_;
  std::uint64_t number_ = 0;
  std::uint32_t adopted_by_ = 0;  // a generation; 0: nobody has
  Clock::time_point last_answer_ = Clock::now();
};

// Waits until `stop` is readable or the time is over; true: it is.
bool wait_for_stop(int stop, milliseconds time);

}  // namespace ringpost::client
