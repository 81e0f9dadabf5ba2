#include "daemon/control/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "daemon/config/log.hpp"
#include "daemon/config/memory_bound.hpp"
#include "daemon/control/clock_check.hpp"
#include "daemon/control/estate.hpp"
#include "daemon/control/version.hpp"
#include "ipc/clock.hpp"
#include "kafka/outbox.hpp"

namespace ringpost::daemon {

std::string Session::printable(std::string_view name_untrusted) {
  if (name_untrusted.empty()) return "(no name)";
  std::string name(name_untrusted);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

Session::Session(ControlState& state, ipc::Descriptor& socket, Credentials who, std::int64_t not_before_ns,
                 Ended ended)
    : state_(state),
      socket_(state.io),
      hello_deadline_(state.io),
      who_(std::move(who)),
      not_before_ns_(not_before_ns),
      ended_(std::move(ended)),
      channels_(state.instances.size()) {
  boost::system::error_code failed;
  socket_.assign(socket.get(), failed);
  if (failed) throw std::system_error(failed.value(), std::system_category(), "watching a connection");
  socket.release();
}

void Session::start() {
  if (phase_ == Phase::kAdopted) {
    say_adopted();
    if (phase_ != Phase::kEnded) wait_for_question();
    return;
  }
  hello_deadline_.expires_after(kHelloDeadline);
  hello_deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& failed) {
    const auto self = weak.lock();
    if (!failed && self && self->phase_ == Phase::kExpectsHello)
      self->protocol_error("no hello came in time");
  });
  wait_for_question();
}

bool Session::cut_off() {
  client_->board.set_standing(ipc::Standing::kCutOff);
  return !std::exchange(cut_off_, true);
}

void Session::daemon_stops() {
  if (client_ && !cut_off_) client_->board.set_standing(ipc::Standing::kStopping);
}

std::vector<std::uint32_t> Session::open_channels() const {
  std::vector<std::uint32_t> open;
  for (std::uint32_t index = 0; index < channels_.size(); ++index) {
    const Channel::State state = channels_[index].state;
    if (state != Channel::State::kClosed && state != Channel::State::kDenied) open.push_back(index);
  }
  return open;
}

void Session::wait_for_question() {
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& failed) {
                       if (failed || self->phase_ == Phase::kEnded) return;
                       self->read_question();
                       if (self->phase_ != Phase::kEnded) self->wait_for_question();
                     });
}

void Session::read_question() {
  const ipc::Received received = ipc::receive_question(socket_.native_handle());
  switch (received.what) {
    case ipc::Received::What::kNothing:
      return;
    case ipc::Received::What::kEnd:
      return end();
    case ipc::Received::What::kGarbage:
      return protocol_error("it sent something that is no frame");
    case ipc::Received::What::kFrame:
      return question(received.frame);
  }
}

void Session::question(const ipc::Frame& frame) {
  if (phase_ == Phase::kAdopted) return hello_again(frame);
  if (phase_ == Phase::kAnswering || ipc::unread_bytes(socket_.native_handle()) != 0) {
    return protocol_error("it asked before it had read the last answer");
  }
  if (frame.header.version != ipc::kProtocolVersion) {
    return refuse_and_end(frame.header.number, ipc::Refusal::kVersion,
                          fmt::format("your library speaks version {} of the protocol, ringpostd {} speaks "
                                      "version {}: use a library and a daemon of one release",
                                      frame.header.version, kVersion, ipc::kProtocolVersion));
  }
  if (phase_ == Phase::kIdle) return answer_client(frame);
  if (frame.header.type == ipc::FrameType::kStatus) return read_status(frame.header.number);
  if (frame.header.type == ipc::FrameType::kAudit) return audit(frame);
  if (frame.header.type == ipc::FrameType::kLetters) return decide_letters(frame);
  if (frame.header.type != ipc::FrameType::kHello)
    return protocol_error("its first frame was neither hello nor a question that needs none");
  hello(frame);
}

void Session::hello(const ipc::Frame& frame) {
  const std::uint64_t number = frame.header.number;
  if (state_.stopping) return refuse_and_end(number, ipc::Refusal::kStopping, "the daemon is stopping");
  const std::int64_t now_ns = ipc::monotonic_ns();
  const ClockVerdict clock = judge_clock(frame.body.hello.clock_ns, not_before_ns_, now_ns);
  if (clock != ClockVerdict::kSame) {
    return refuse_and_end(number,
                          clock == ClockVerdict::kOther ? ipc::Refusal::kClock : ipc::Refusal::kNoResources,
                          clock_problem(clock, frame.body.hello.clock_ns, now_ns));
  }
  const auto quota = state_.census.client_problem(who_.peer.uid);
  if (quota) return refuse_and_end(number, quota->refusal, quota->text);
  try {
    welcome(number, printable(ipc::text_field(frame.body.hello.client_name)));
  } catch (const std::exception& error) {
    refuse_and_end(number, ipc::Refusal::kNoResources, error.what());
  }
}

void Session::welcome(std::uint64_t number, std::string name) {
  client_ = std::make_shared<Client>(state_.last_client_id + 1, std::move(name), who_.peer);
  ++state_.last_client_id;
  state_.census.client_came(who_.peer.uid);
  hello_deadline_.cancel();
  phase_ = Phase::kAnswering;
  // Whoever knows that he is a client has a connection that outlives this daemon.
  state_.custody.keep(session_name_of(client_->id), socket_.native_handle(),
                      [weak = weak_from_this(), number](bool kept) {
                        const auto self = weak.lock();
                        if (!self || self->phase_ != Phase::kAnswering) return;
                        if (kept) return self->send_welcome(number);
                        self->refuse_and_end(number, ipc::Refusal::kNoResources, kNotKept);
                      });
}

void Session::send_welcome(std::uint64_t number) {
  log_line(spdlog::level::debug, {.client_pid = who_.peer.pid}, "client {} \"{}\" ({}) is here", client_->id,
           client_->name(), who_.text());
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kWelcome, number);
  frame.body.welcome.client_id = client_->id;
  frame.body.welcome.instance_count = state_.configured;
  frame.body.welcome.ping_interval_ms = kPingIntervalMs;
  // Without a keeper nothing would drain what is written without a daemon.
  frame.body.welcome.daemon_grace_ms =
      state_.custody.has_keeper() ? static_cast<std::uint32_t>(state_.config.daemon.daemon_grace.count()) : 0;
  frame.body.welcome.generation = static_cast<std::uint32_t>(state_.generation);
  if (!answer(frame, std::array{client_->board.memory().get()})) end();
}

void Session::answer_client(const ipc::Frame& frame) {
  const std::uint64_t number = frame.header.number;
  if (cut_off_) {
    return refuse(number, ipc::Refusal::kDenied,
                  "this client wrote something malformed into its shared memory and was cut off: open anew");
  }
  switch (frame.header.type) {
    case ipc::FrameType::kOpenInstance:
      return open_instance(number, frame.body.index.index);
    case ipc::FrameType::kOpenLane:
      return open_lane(number, frame.body.index.index);
    case ipc::FrameType::kPing:
      confirm(frame.body.index.index);
      answer(ipc::make_frame(ipc::FrameType::kPong, number));
      return;
    case ipc::FrameType::kStatus:
      return read_status(number);
    case ipc::FrameType::kAudit:
      return audit(frame);
    case ipc::FrameType::kLetters:
      return decide_letters(frame);
    default:
      protocol_error("it sent a frame that is no question");
  }
}

void Session::read_status(std::uint64_t number) {
  if (state_.stopping) {
    refuse(number, ipc::Refusal::kStopping, "the daemon is stopping");
    if (!client_) end();
    return;
  }
  phase_ = Phase::kAnswering;
  state_.status.ask([weak = weak_from_this(), number](const std::vector<Reading>& readings) {
    const auto self = weak.lock();
    if (self && self->phase_ == Phase::kAnswering) self->send_status(number, readings);
  });
}

DaemonStatus Session::daemon_status() const {
  const auto uptime = std::chrono::steady_clock::now() - state_.started;
  DaemonStatus daemon;
  daemon.version = kVersion;
  daemon.pid = ::getpid();
  daemon.uptime_s = std::chrono::duration_cast<std::chrono::seconds>(uptime).count();
  daemon.librdkafka = kafka::librdkafka_version();
  daemon.keeper = state_.custody.survives_a_crash();
  daemon.generation = state_.generation;
  daemon.kept_descriptors = state_.custody.held();
  daemon.memory_bound_bytes = memory_bound_bytes(state_.config);
  daemon.protocol_errors = state_.protocol_errors;
  daemon.refused = state_.refused;
  const Census& census = state_.census;
  daemon.clients = census.clients();
  daemon.clients_departed = census.departed();
  daemon.connections = census.connections();
  daemon.lanes = census.lanes();
  daemon.lane_bytes = census.lane_bytes();
  // Who else is here, and what the file holds, is for administrators.
  if (may_see_all(who_)) {
    daemon.users = census.users();
    daemon.reloads_refused = state_.reloads_refused;
    daemon.configuration_problems = state_.configuration_problems;
  }
  return daemon;
}

void Session::send_status(std::uint64_t number, const std::vector<Reading>& readings) {
  std::vector<const Reading*> visible;
  for (std::size_t index = 0; index < readings.size(); ++index) {
    if (may_see_all(who_) ||
        (index < state_.configured && may_use(state_.config.instances[index].allow, who_))) {
      visible.push_back(&readings[index]);
    }
  }
  send_text(number, status_json(daemon_status(), visible));
}

void Session::send_text(std::uint64_t number, const std::string& text) {
  try {
    const ipc::Descriptor memory = sealed_text(text);
    ipc::Frame frame = ipc::make_frame(ipc::FrameType::kStatusText, number);
    frame.body.status_text.size_bytes = text.size();
    answer(frame, std::array{memory.get()});
  } catch (const std::exception& error) {
    refuse(number, ipc::Refusal::kNoResources, error.what());
  }
  if (!client_) end();  // that was all it may ask
}

// False: it did not leave, and the client was told or is gone.
bool Session::answer(const ipc::Frame& frame, std::span<const int> descriptors) {
  if (phase_ == Phase::kAnswering) phase_ = Phase::kIdle;
  if (ipc::send_frame(socket_.native_handle(), frame, descriptors)) return true;
  const int why = errno;
  if (descriptors.empty()) {
    end();
    return false;
  }
  // ETOOMANYREFS: too many descriptors are on their way to clients that don't read.
  log_limited(spdlog::level::warn, "descriptors-unsent",
              {.client_pid = who_.peer.pid, .error_code = name_of(ipc::Refusal::kNoResources)},
              "descriptors could not be sent to {}: {}", who_.text(), std::strerror(why));
  refuse(frame.header.number, ipc::Refusal::kNoResources,
         fmt::format("the daemon can't send descriptors now ({}): try again later", std::strerror(why)));
  return false;
}

void Session::refuse(std::uint64_t number, ipc::Refusal refusal, std::string_view text) {
  ++state_.refused[static_cast<std::size_t>(refusal)];
  answer(ipc::make_refusal(number, refusal, text));
}

void Session::refuse_and_end(std::uint64_t number, ipc::Refusal refusal, std::string_view text) {
  log_limited(spdlog::level::warn, fmt::format("{}/uid {}", name_of(refusal), who_.peer.uid),
              {.client_pid = who_.peer.pid, .error_code = name_of(refusal)},
              "a connection of {} was refused ({}): {}", who_.text(), name_of(refusal), text);
  refuse(number, refusal, text);
  end();
}

void Session::protocol_error(std::string_view what) {
  ++state_.protocol_errors;
  log_limited(spdlog::level::warn, fmt::format("protocol/uid {}", who_.peer.uid),
              {.client_pid = who_.peer.pid, .error_code = "protocol_error"},
              "the connection of {} ({}) was ended: {}",
              client_ ? client_->name() : "a client without a name", who_.text(), what);
  end();
}

void Session::end() {
  if (std::exchange(phase_, Phase::kEnded) == Phase::kEnded) return;
  hello_deadline_.cancel();
  ended_(*this, ipc::Descriptor(socket_.release()));
}

}  // namespace ringpost::daemon
