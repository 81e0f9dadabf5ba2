#include "daemon/control/session.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <boost/asio/post.hpp>

#include "daemon/config/log.hpp"
#include "daemon/config/memory_bound.hpp"
#include "daemon/control/clock_check.hpp"
#include "daemon/control/version.hpp"
#include "ipc/clock.hpp"
#include "ipc/doorbell.hpp"
#include "ipc/lane_reader.hpp"
#include "kafka/outbox.hpp"

namespace ringpost::daemon {
namespace {

// For logs: what a client calls itself, without what could upset a terminal.
std::string printable(std::string_view name_untrusted) {
  if (name_untrusted.empty()) return "(no name)";
  std::string name(name_untrusted);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return name;
}

ipc::Descriptor duplicate(const ipc::Descriptor& descriptor) {
  ipc::Descriptor copy(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) throw std::system_error(errno, std::generic_category(), "duplicating a descriptor");
  return copy;
}

}  // namespace

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
    if (channels_[index].state == Channel::State::kOpen) open.push_back(index);
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
  if (frame.header.type != ipc::FrameType::kHello)
    return protocol_error("its first frame was neither hello nor status");
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
  phase_ = Phase::kIdle;
  spdlog::debug("client {} \"{}\" ({}) is here", client_->id, client_->name, who_.text());

  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kWelcome, number);
  frame.body.welcome.client_id = client_->id;
  frame.body.welcome.instance_count = static_cast<std::uint32_t>(state_.instances.size());
  frame.body.welcome.ping_interval_ms = kPingIntervalMs;
  frame.body.welcome.daemon_grace_ms = 0;  // no keeper: nothing would drain what is written without a daemon
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
      answer(ipc::make_frame(ipc::FrameType::kPong, number));
      return;
    case ipc::FrameType::kStatus:
      return read_status(number);
    default:
      protocol_error("it sent a frame that is no question");
  }
}

void Session::open_instance(std::uint64_t number, std::uint32_t index) {
  if (index >= channels_.size()) {
    return refuse(number, ipc::Refusal::kNoSuchInstance,
                  fmt::format("there is no instance {}: this daemon has {}", index, channels_.size()));
  }
  if (channels_[index].state != Channel::State::kClosed) return protocol_error("it opened an instance twice");
  if (state_.stopping) return refuse(number, ipc::Refusal::kStopping, "the daemon is stopping");
  if (!may_use(state_.config.instances[index].allow, who_)) {
    channels_[index].state = Channel::State::kDenied;
    ipc::Frame frame = ipc::make_frame(ipc::FrameType::kInstance, number);
    ipc::set_text_field(frame.body.instance.name, state_.config.instances[index].name);
    answer(frame);
    return;
  }
  if (!state_.census.may_open_channel()) {
    return refuse(number, ipc::Refusal::kNoResources,
                  "no descriptors are left (RLIMIT_NOFILE): try again later");
  }
  try {
    open_channel(number, index);
  } catch (const std::exception& error) {
    refuse(number, ipc::Refusal::kNoResources, error.what());
  }
}

void Session::open_channel(std::uint64_t number, std::uint32_t index) {
  const InstanceConfig& config = state_.config.instances[index];
  Instance& instance = *state_.instances[index];
  const ipc::Descriptor doorbell = ipc::create_doorbell();
  ipc::Descriptor watched = duplicate(doorbell);

  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kInstance, number);
  ipc::set_text_field(frame.body.instance.name, config.name);
  frame.body.instance.lane_bytes = config.lane_size_bytes;
  frame.body.instance.lanes_max = std::min(config.lanes_per_client_max, ipc::kLanesPerChannelMax);
  frame.body.instance.allowed = 1;
  if (!answer(frame, std::array{instance.board_memory().get(), doorbell.get()})) return;
  // After the answer: what failed can be asked again. A ring before this is not lost, for watching begins
  // with a look.
  channels_[index].state = Channel::State::kOpen;
  state_.census.channel_opened();
  instance.open_channel(client_, std::move(watched));
}

void Session::open_lane(std::uint64_t number, std::uint32_t index) {
  if (index >= channels_.size()) {
    return refuse(number, ipc::Refusal::kNoSuchInstance,
                  fmt::format("there is no instance {}: this daemon has {}", index, channels_.size()));
  }
  const InstanceConfig& config = state_.config.instances[index];
  Channel& channel = channels_[index];
  const std::uint32_t lanes_max = std::min(config.lanes_per_client_max, ipc::kLanesPerChannelMax);
  if (channel.state == Channel::State::kClosed) {
    return protocol_error("it asked for a lane of an instance that it had not opened");
  }
  if (channel.state == Channel::State::kDenied) {
    return refuse(number, ipc::Refusal::kDenied,
                  fmt::format("{} may not use instance {}", who_.text(), config.name));
  }
  if (state_.stopping) return refuse(number, ipc::Refusal::kStopping, "the daemon is stopping");
  if (channel.unsent.memory) return send_lane(number, index);
  if (channel.lanes >= lanes_max || lanes_opened_ >= ipc::kBoardSlotsMax) {
    return refuse(number, ipc::Refusal::kTooManyLanes,
                  fmt::format("you have {} lanes of instance {} (of {}) and {} in all (of {})", channel.lanes,
                              config.name, lanes_max, lanes_opened_, ipc::kBoardSlotsMax));
  }
  const auto quota = state_.census.lane_problem(who_.peer.uid, config.lane_size_bytes);
  if (quota) {
    log_limited(spdlog::level::warn, fmt::format("{}/uid {}", name_of(quota->refusal), who_.peer.uid),
                "a lane of instance {} was refused to {} ({}): {}", config.name, client_->name, who_.text(),
                quota->text);
    return refuse(number, quota->refusal, quota->text);
  }
  try {
    create_lane(number, index);
  } catch (const std::exception& error) {
    refuse(number, ipc::Refusal::kNoResources, error.what());
  }
}

void Session::create_lane(std::uint64_t number, std::uint32_t index) {
  Channel& channel = channels_[index];
  const std::uint64_t id = state_.last_lane_id + 1;
  ipc::Descriptor memory = ipc::create_lane(id, state_.config.instances[index].lane_size_bytes);
  // Only a lane that is part of the cut may be written: so it is sent when the instance has it.
  auto registered = [weak = weak_from_this(), &io = state_.io, number, index](bool done) {
    boost::asio::post(io, [weak, number, index, done] {
      if (const auto self = weak.lock()) self->lane_registered(number, index, done);
    });
  };
  state_.instances[index]->open_lane(client_, id, lanes_opened_, memory, std::move(registered));
  state_.last_lane_id = id;
  state_.census.lane_opened(who_.peer.uid, state_.config.instances[index].lane_size_bytes);
  lane_bytes_opened_ += state_.config.instances[index].lane_size_bytes;
  channel.unsent = {id, lanes_opened_, std::move(memory)};
  ++channel.lanes;
  ++lanes_opened_;
  phase_ = Phase::kAnswering;
}

void Session::lane_registered(std::uint64_t number, std::uint32_t index, bool done) {
  if (phase_ != Phase::kAnswering) return;
  if (done) return send_lane(number, index);
  // It is the last one that was asked for: its slot is free again.
  channels_[index].unsent.memory.reset();
  --channels_[index].lanes;
  --lanes_opened_;
  lane_bytes_opened_ -= state_.config.instances[index].lane_size_bytes;
  state_.census.lane_closed(who_.peer.uid, state_.config.instances[index].lane_size_bytes);
  refuse(number, ipc::Refusal::kNoResources,
         fmt::format("instance {} has no room for another lane: try again later",
                     state_.config.instances[index].name));
}

void Session::send_lane(std::uint64_t number, std::uint32_t index) {
  Lane& lane = channels_[index].unsent;
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kLane, number);
  frame.body.lane.lane_id = lane.id;
  frame.body.lane.capacity_bytes = state_.config.instances[index].lane_size_bytes;
  frame.body.lane.slot = lane.slot;
  // A lane that could not leave goes with the answer to the next question.
  if (answer(frame, std::array{lane.memory.get()})) lane.memory.reset();
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
  daemon.memory_bound_bytes = memory_bound_bytes(state_.config);
  daemon.protocol_errors = state_.protocol_errors;
  daemon.refused = state_.refused;
  const Census& census = state_.census;
  daemon.clients = census.clients();
  daemon.clients_departed = census.departed();
  daemon.connections = census.connections();
  daemon.lanes = census.lanes();
  daemon.lane_bytes = census.lane_bytes();
  // Who else is here is for administrators.
  if (may_see_all(who_)) daemon.users = census.users();
  return daemon;
}

void Session::send_status(std::uint64_t number, const std::vector<Reading>& readings) {
  std::vector<const Reading*> visible;
  for (std::size_t index = 0; index < readings.size(); ++index) {
    if (may_see_all(who_) || may_use(state_.config.instances[index].allow, who_)) {
      visible.push_back(&readings[index]);
    }
  }
  try {
    const std::string text = status_json(daemon_status(), visible);
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
  log_limited(spdlog::level::warn, "descriptors-unsent", "descriptors could not be sent to {}: {}",
              who_.text(), std::strerror(why));
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
              "a connection of {} was refused ({}): {}", who_.text(), name_of(refusal), text);
  refuse(number, refusal, text);
  end();
}

void Session::protocol_error(std::string_view what) {
  ++state_.protocol_errors;
  log_limited(spdlog::level::warn, fmt::format("protocol/uid {}", who_.peer.uid),
              "the connection of {} ({}) was ended: {}", client_ ? client_->name : "a client without a name",
              who_.text(), what);
  end();
}

void Session::end() {
  if (std::exchange(phase_, Phase::kEnded) == Phase::kEnded) return;
  hello_deadline_.cancel();
  ended_(*this, ipc::Descriptor(socket_.release()));
}

}  // namespace ringpost::daemon
