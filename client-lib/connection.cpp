#include "client-lib/connection.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "ipc/clock.hpp"

namespace ringpost::client {
namespace {

constexpr milliseconds kWaitingSlice{100};

bool is_adoption(const ipc::Frame& frame) {
  return frame.header.type == ipc::FrameType::kAdopted && frame.header.number == 0;
}

int poll_ms(milliseconds time) { return static_cast<int>(std::max<milliseconds::rep>(time.count(), 0)); }

}  // namespace

bool wait_for_stop(int stop, milliseconds time) {
  pollfd ready{stop, POLLIN, 0};
  return ::poll(&ready, 1, poll_ms(time)) > 0;
}

Answer Connection::hello(const std::string& client_name, const HeldLanes& held) {
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kHello, 0);
  ipc::set_text_field(frame.body.hello.client_name, client_name);
  frame.body.hello.pid = ::getpid();
  frame.body.hello.generation = adopted_by_;
  for (std::uint32_t slot = 0; slot < held.size(); ++slot) {
    if (held[slot]) ipc::set_lane(frame.body.hello, slot);
  }
  frame.body.hello.clock_ns = ipc::monotonic_ns();  // last: the daemon compares it with its own on arrival
  return ask(frame, ipc::FrameType::kWelcome);
}

Answer Connection::open_instance(std::uint32_t index) {
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kOpenInstance, 0);
  frame.body.index.index = index;
  return ask(frame, ipc::FrameType::kInstance);
}

Answer Connection::open_lane(std::uint32_t index) {
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kOpenLane, 0);
  frame.body.index.index = index;
  return ask(frame, ipc::FrameType::kLane);
}

Answer Connection::ping(std::uint32_t generation) {
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kPing, 0);
  frame.body.index.index = generation;
  return ask(frame, ipc::FrameType::kPong);
}

Answer Connection::ask(ipc::Frame question, ipc::FrameType wanted) {
  question.header.number = ++number_;
  Answer answer;
  // A daemon that closes a connection at once says why before it does.
  if (!ipc::send_frame(socket_.number(), question)) return receive(number_, wanted);
  for (;;) {
    std::array<pollfd, 2> ready{{{socket_.number(), POLLIN, 0}, {stop_, POLLIN, 0}}};
    const int count = ::poll(ready.data(), ready.size(), poll_ms(kWaitingSlice));
    if (count > 0 && ready[1].revents != 0) {
      answer.what = Answer::What::kStopped;
      return answer;
    }
    if (count > 0) return receive(number_, wanted);
    waiting_();
  }
}

Answer Connection::receive(std::uint64_t number, ipc::FrameType wanted) {
  ipc::Received received = ipc::receive_answer(socket_.number(), 0);
  Answer answer;
  if (received.what != ipc::Received::What::kFrame) return answer;
  if (is_adoption(received.frame)) {
    adopted_by_ = received.frame.body.index.index;
    answer.what = Answer::What::kAdopted;
    return answer;
  }
  if (received.frame.header.number != number) return answer;
  if (received.frame.header.type == wanted) {
    answer.what = Answer::What::kGiven;
  } else if (received.frame.header.type == ipc::FrameType::kRefused) {
    answer.what = Answer::What::kRefused;
  }
  last_answer_ = Clock::now();
  answer.frame = received.frame;
  answer.descriptors = std::move(received.descriptors);
  return answer;
}

Answer::What Connection::idle(milliseconds time) {
  std::array<pollfd, 2> ready{{{socket_.number(), POLLIN, 0}, {stop_, POLLIN, 0}}};
  if (::poll(ready.data(), ready.size(), poll_ms(time)) <= 0) return Answer::What::kGiven;
  if (ready[1].revents != 0) return Answer::What::kStopped;
  // Nobody has asked anything: whatever can be read now is another daemon's word, the connection's end, or no way to
  // behave.
  const Answer::What what = receive(0, ipc::FrameType::kAdopted).what;
  return what == Answer::What::kAdopted ? what : Answer::What::kEnd;
}

bool Connection::has_ended() const {
  pollfd ready{socket_.number(), POLLRDHUP, 0};
  return ::poll(&ready, 1, 0) > 0;
}

}  // namespace ringpost::client
