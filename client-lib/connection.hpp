// The client's side of the control protocol: one question, then its answer.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "client-lib/inherited_descriptors.hpp"
#include "client-lib/limits.hpp"
#include "ipc/control_socket.hpp"
#include "ipc/frames.hpp"

namespace ringpost::client {

struct Answer {
  enum class What : std::uint8_t {
    kGiven,    // the frame that was asked for
    kRefused,  // `frame` holds why
    kEnd,      // the connection has ended, or the daemon says what nobody has asked
    kStopped,  // the handle is being closed
  };
  What what = What::kEnd;
  ipc::Frame frame{};
  std::array<ipc::Descriptor, ipc::kFrameDescriptorsMax> descriptors;
};

class Connection {
 public:
  using Waiting = std::function<void(milliseconds)>;

  // `stop`: becomes readable when the handle is being closed. `waiting` is called now and then while an answer is late.
  Connection(ipc::Descriptor socket, int stop, InheritedDescriptors& inherited, Waiting waiting)
      : socket_(std::move(socket), inherited), stop_(stop), waiting_(std::move(waiting)) {}

  Answer hello(const std::string& client_name);
  Answer open_instance(std::uint32_t index);
  Answer open_lane(std::uint32_t index);
  Answer ping();

  // Sleeps. False: the connection has ended, or the handle is being closed.
  bool idle(milliseconds time);

 private:
  Answer ask(ipc::Frame question, ipc::FrameType wanted);
  Answer receive(std::uint64_t number, ipc::FrameType wanted);

  ListedDescriptor socket_;
  int stop_;
  Waiting waiting_;
  std::uint64_t number_ = 0;
};

// Waits until `stop` is readable or the time is over; true: it is.
bool wait_for_stop(int stop, milliseconds time);

}  // namespace ringpost::client
