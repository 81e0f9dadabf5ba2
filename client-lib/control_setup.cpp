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
  connection_.emplace(std::move(socket), stop_.number(), inherited_, [this] { answer_is_late(); });
  ++connection_number_;
  grace_is_over_ = false;
  daemon_grace_ = milliseconds(0);
  return true;
}

// Also where another daemon has adopted the connection: then there are lanes, which go on, and publishers inside them.
ControlThread::Course ControlThread::set_up() {
  Course course = greet();
  for (std::uint32_t index = 0; index < instance_count_ && course == Course::kOn; ++index) {
    course = open_instance(index);
  }
  if (course == Course::kOn) forget_untold();
  return course;
}

ControlThread::Course ControlThread::greet() {
  told_.clear();
  served_.clear();
  postponed_.clear();
  const Answer answer = connection_->hello(settings_.client_name, held_lanes());
  if (answer.what == Answer::What::kRefused) {
    lost(refused(answer.frame));
    return Course::kEnded;
  }
  const bool has_board = answer.what != Answer::What::kGiven || answer.descriptors[0];
  const Course course =
      course_of(has_board ? answer.what : Answer::What::kEnd,
                "who listens there closed the connection instead of answering; is it ringpostd?");
  if (course != Course::kOn) return course;
  const ipc::WelcomeBody& welcome = answer.frame.body.welcome;
  client_board_ = std::make_shared<const ipc::ClientBoardReader>(answer.descriptors[0]);
  instance_count_ = std::min(welcome.instance_count, ipc::kInstancesMax);
  generation_ = welcome.generation;
  moved_to_ = 0;
  daemon_grace_ = milliseconds(welcome.daemon_grace_ms);
  ping_interval_ =
      welcome.ping_interval_ms != 0 ? milliseconds(welcome.ping_interval_ms) : kPingIntervalDefault;
  // Its silence counts from its last answer: who is alive has to be asked often enough to show it.
  if (daemon_grace_ != milliseconds(0)) ping_interval_ = std::min(ping_interval_, daemon_grace_ / 2);
  return Course::kOn;
}

ControlThread::Course ControlThread::open_instance(std::uint32_t index) {
  Answer answer = connection_->open_instance(index);
  if (answer.what == Answer::What::kRefused) return refused_instance(answer.frame, index);
  const bool is_allowed = answer.what == Answer::What::kGiven && answer.frame.body.instance.allowed != 0;
  const bool is_whole = !is_allowed || (answer.descriptors[0] && answer.descriptors[1]);
  Course course = course_of(is_whole ? answer.what : Answer::What::kEnd, kClosedInSetUp);
  if (course != Course::kOn) return course;

  const ipc::InstanceBody& instance = answer.frame.body.instance;
  Channel* const channel = channels_.find_or_add(ipc::text_field(instance.name));
  if (channel == nullptr) return Course::kOn;
  told_.push_back(channel);
  if (!is_allowed) {
    channel->set_state(ChannelState::kDenied);
    channel->begin_retiring();  // what there is from a daemon that allowed it
    return Course::kOn;
  }
  channel->set_link(
      std::make_shared<InstanceLink>(channel->lanes_of(connection_number_), client_board_,
                                     answer.descriptors[0], std::move(answer.descriptors[1]), inherited_),
      instance.lanes_max);
  served_.push_back({channel, index, {}});
  Served& served = served_.back();
  while (channel->lane_count() < channel->lanes_wanted() && Clock::now() >= served.next_lane) {
    course = open_lane(served);
    if (course != Course::kOn) return course;
  }
  channel->set_state(ChannelState::kOpen);
  return Course::kOn;
}

// It passes, and nobody may be told meanwhile that the instance is unknown. A connection that nobody publishes over yet is
// tried anew; so is one where the instance that was refused may be one whose lanes go on from a daemon before, for there
// is no board for them. Otherwise it is a new one: the others go on, and it is asked for again.
ControlThread::Course ControlThread::refused_instance(const ipc::Frame& frame, std::uint32_t index) {
  if (static_cast<ipc::Refusal>(frame.body.refused.refusal) == ipc::Refusal::kNoSuchInstance)
    return Course::kOn;
  const auto channels = channels_.all();
  const bool is_perhaps_theirs =
      std::any_of(channels.begin(), channels.end(), [this](const Channel* channel) {
        return channel->link() != nullptr && std::find(told_.begin(), told_.end(), channel) == told_.end();
      });
  if (is_perhaps_theirs || availability_.outage() != nullptr) {
    lost(refused(frame));
    return Course::kEnded;
  }
  postponed_.push_back(index);
  postponed_until_ = Clock::now() + kLaneRetry;
  return Course::kOn;
}

ControlThread::Course ControlThread::open_postponed() {
  if (postponed_.empty() || Clock::now() < postponed_until_) return Course::kOn;
  for (const std::uint32_t index : std::exchange(postponed_, {})) {
    const Course course = open_instance(index);
    if (course != Course::kOn) return course;
  }
  return Course::kOn;
}

void ControlThread::forget_untold() {
  // Not before: between two daemons a call that has just seen the first one must not find its instance unknown.
  for (Channel* channel : channels_.all()) {
    if (std::find(told_.begin(), told_.end(), channel) != told_.end()) continue;
    channel->set_state(ChannelState::kAbsent);
    channel->begin_retiring();
  }
}

ControlThread::Course ControlThread::open_lane(Served& served) {
  const Answer answer = connection_->open_lane(served.index);
  if (answer.what == Answer::What::kRefused) {
    served.next_lane = Clock::now() + kLaneRetry;
    return Course::kOn;
  }
  const bool is_whole = answer.what != Answer::What::kGiven || answer.descriptors[0];
  const Course course = course_of(is_whole ? answer.what : Answer::What::kEnd, kClosedInSetUp);
  if (course != Course::kOn) return course;
  const std::uint32_t slot = answer.frame.body.lane.slot;
  if (slot >= ipc::kBoardSlotsMax) throw std::runtime_error("the daemon gave a slot that no board has");
  // All slots are held by threads that never left old lanes: what is there has to do.
  if (!served.channel->add_lane(answer.descriptors[0], slot)) served.next_lane = Clock::now() + kLaneRetry;
  return Course::kOn;
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
