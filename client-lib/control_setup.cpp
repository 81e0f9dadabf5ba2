// The control thread's part until a connection can be used: reaching the daemon, and what it gives.
#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "client-lib/c_api.hpp"
#include "client-lib/control_thread.hpp"

namespace ringpost::client {

bool ControlThread::connect() {
  ipc::Descriptor socket = ipc::connect_control(settings_.socket_path);
  if (!socket) {
    availability_.end(unreachable(errno));
    return false;
  }
  connection_.emplace(std::move(socket), stop_.number(), inherited_,
                      [this](milliseconds waited) { answer_is_late(waited); });
  return true;
}

bool ControlThread::set_up() {
  if (!greet()) return false;
  for (std::uint32_t index = 0; index < instance_count_; ++index) {
    if (!open_instance(index)) {
      lost({RINGPOST_DAEMON_UNAVAILABLE,
            settings_.socket_path + ": the daemon closed the connection while it was being set up", false});
      return false;
    }
  }
  // Not before: between two connections a call that has just seen the first one must not find its instance unknown.
  for (Channel* channel : channels_.all()) {
    if (std::find(told_.begin(), told_.end(), channel) == told_.end())
      channel->set_state(ChannelState::kAbsent);
  }
  return true;
}

bool ControlThread::greet() {
  told_.clear();
  grace_is_over_ = false;
  daemon_grace_ = milliseconds(0);
  const Answer answer = connection_->hello(settings_.client_name);
  if (answer.what == Answer::What::kRefused) {
    lost(refused(answer.frame));
    return false;
  }
  if (answer.what != Answer::What::kGiven || !answer.descriptors[0]) {
    lost({RINGPOST_DAEMON_UNAVAILABLE,
          settings_.socket_path +
              ": who listens there closed the connection instead of answering; is it ringpostd?",
          false});
    return false;
  }
  const ipc::WelcomeBody& welcome = answer.frame.body.welcome;
  client_board_ = std::make_shared<const ipc::ClientBoardReader>(answer.descriptors[0]);
  instance_count_ = std::min(welcome.instance_count, ipc::kInstancesMax);
  ping_interval_ =
      welcome.ping_interval_ms != 0 ? milliseconds(welcome.ping_interval_ms) : kPingIntervalDefault;
  daemon_grace_ = milliseconds(welcome.daemon_grace_ms);
  return true;
}

bool ControlThread::open_instance(std::uint32_t index) {
  Answer answer = connection_->open_instance(index);
  if (answer.what == Answer::What::kRefused) return true;  // the others may be had
  if (answer.what != Answer::What::kGiven) return false;
  const ipc::InstanceBody& instance = answer.frame.body.instance;
  Channel* const channel = channels_.find_or_add(ipc::text_field(instance.name));
  if (channel == nullptr) return true;
  told_.push_back(channel);
  if (instance.allowed == 0) {
    channel->set_state(ChannelState::kDenied);
    return true;
  }
  if (!answer.descriptors[0] || !answer.descriptors[1]) return false;
  channel->set_link(std::make_shared<InstanceLink>(client_board_, answer.descriptors[0],
                                                   std::move(answer.descriptors[1]), inherited_),
                    instance.lanes_max);
  served_.push_back({channel, index, {}});
  Served& served = served_.back();
  while (channel->lane_count() < channel->lanes_wanted() && Clock::now() >= served.next_lane) {
    if (!open_lane(served)) return false;
  }
  channel->set_state(ChannelState::kOpen);
  return true;
}

bool ControlThread::open_lane(Served& served) {
  const Answer answer = connection_->open_lane(served.index);
  if (answer.what == Answer::What::kRefused) {
    served.next_lane = Clock::now() + kLaneRetry;
    return true;
  }
  if (answer.what != Answer::What::kGiven || !answer.descriptors[0]) return false;
  const std::uint32_t slot = answer.frame.body.lane.slot;
  if (slot >= ipc::kBoardSlotsMax) throw std::runtime_error("the daemon gave a slot that no board has");
  // All slots are held by threads that never left old lanes: what is there has to do.
  if (!served.channel->add_lane(answer.descriptors[0], slot)) served.next_lane = Clock::now() + kLaneRetry;
  return true;
}

Outage ControlThread::refused(const ipc::Frame& frame) const {
  const auto refusal = static_cast<ipc::Refusal>(frame.body.refused.refusal);
  Outage why{RINGPOST_DAEMON_UNAVAILABLE,
             settings_.socket_path + ": the daemon refused this process: ", true};
  why.note += ipc::text_field(frame.body.refused.text);
  if (refusal == ipc::Refusal::kDenied) why.code = RINGPOST_DENIED;
  if (refusal == ipc::Refusal::kStopping || refusal == ipc::Refusal::kNoResources ||
      refusal == ipc::Refusal::kTooManyConnections) {
    why.for_good = false;
  }
  return why;
}

Outage ControlThread::unreachable(int error) const {
  std::string note =
      "no daemon answers at " + settings_.socket_path + " (" + std::generic_category().message(error) + "); ";
  switch (error) {
    case EACCES:
    case EPERM:
      note += "this user may not open the socket, see the permissions of it and of its directory";
      break;
    case ENAMETOOLONG:
      note += "a socket's path has 1 to 107 bytes";
      break;
    default:
      note += "is ringpostd running, and is this its socket? RINGPOST_SOCKET or socket_path names another";
      break;
  }
  return {RINGPOST_DAEMON_UNAVAILABLE, std::move(note), error == ENAMETOOLONG};
}

}  // namespace ringpost::client
