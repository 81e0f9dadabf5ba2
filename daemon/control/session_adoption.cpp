// A session's part of taking a connection over from a dead daemon: the client is told, says hello again, and goes on
// with the lanes that it has.
#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

#include "daemon/config/log.hpp"
#include "daemon/control/estate.hpp"
#include "daemon/control/session.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

// One question was under way, and one hello for each daemon that died since. Who sends more does not wait for answers.
constexpr std::uint32_t kDroppedMax = 256;

}  // namespace

Session::Session(ControlState& state, ipc::Descriptor& socket, Credentials who, Adoption adoption,
                 Ended ended)
    // It says hello again after now, whatever the connection's age.
    : Session(state, socket, std::move(who), ipc::monotonic_ns(), std::move(ended)) {
  client_ = std::move(adoption.client);
  phase_ = Phase::kAdopted;
  adopted_ = true;
  next_slot_ = adoption.next_slot;
  for (Adoption::Channel& from : adoption.channels) {
    Channel& channel = channels_[from.index];
    channel.state = Channel::State::kInherited;
    const std::string& instance = state_.config.instances[from.index].name;
    if (from.index >= state_.configured || !may_use(state_.config.instances[from.index].allow, who_)) {
      channel.state = Channel::State::kRevoked;
      state_.instances[from.index]->revoke(client_->id);
    }
    if (from.doorbell) kept_names_.insert(doorbell_name_of(client_->id, instance));
    for (const AdoptedLane& lane : from.lanes) {
      kept_names_.insert(lane_name_of(lane.lane_id, instance));
      ++channel.lanes;
      ++lanes_opened_;
      lane_bytes_opened_ += lane.capacity_bytes;
    }
    channel.doorbell = std::move(from.doorbell);
    channel.inherited = std::move(from.lanes);
  }
}

void Session::say_adopted() {
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kAdopted, 0);
  frame.body.index.index = static_cast<std::uint32_t>(state_.generation);
  if (!answer(frame)) return;
  log_line(spdlog::level::debug, {.client_pid = who_.peer.pid}, "client {} ({}) was told to say hello again",
           client_->id, who_.text());
}

void Session::hello_again(const ipc::Frame& frame) {
  // What was asked of a dead daemon is asked again; what is meant for this one names it.
  if (frame.header.version != ipc::kProtocolVersion || frame.header.type != ipc::FrameType::kHello ||
      frame.body.hello.generation != state_.generation) {
    if (++dropped_ > kDroppedMax) protocol_error("it goes on asking a daemon that is dead");
    return;
  }
  client_->set_name(printable(ipc::text_field(frame.body.hello.client_name)));
  // It would go on publishing into a lane that nobody drains.
  if (const std::uint32_t lost = count_lost(frame.body.hello); lost != 0) {
    log_limited(spdlog::level::err, "lanes-lost", {.client_pid = who_.peer.pid},
                "client \"{}\" ({}) has {} lanes that the keeper has not: what lay in them is lost",
                client_->name(), who_.text(), lost);
    return refuse_and_end(frame.header.number, ipc::Refusal::kNoResources,
                          fmt::format("{} of your lanes were lost with the keeper: connect again", lost));
  }
  abandon_lanes_not_in(frame.body.hello);
  phase_ = Phase::kAnswering;
  send_welcome(frame.header.number);
}

// Lanes that it has and this daemon does not. Those of an instance that is not served are where they were.
std::uint32_t Session::count_lost(const ipc::HelloBody& hello) const {
  if (state_.lanes_elsewhere) return 0;
  std::set<std::uint32_t> known;
  for (const Channel& channel : channels_) {
    for (const AdoptedLane& lane : channel.inherited) known.insert(lane.slot);
  }
  std::uint32_t lost = 0;
  for (std::uint32_t slot = 0; slot < ipc::kBoardSlotsMax; ++slot)
    lost += ipc::has_lane(hello, slot) && !known.contains(slot) ? 1 : 0;
  return lost;
}

// A lane that never reached its client, or that it could not keep, only takes up room.
void Session::abandon_lanes_not_in(const ipc::HelloBody& hello) {
  for (std::uint32_t index = 0; index < channels_.size(); ++index) {
    Channel& channel = channels_[index];
    for (const AdoptedLane& lane : channel.inherited) {
      if (ipc::has_lane(hello, lane.slot)) continue;
      --channel.lanes;
      state_.instances[index]->abandon_lane(lane.lane_id);
    }
    channel.inherited.clear();
  }
}

void Session::open_inherited(std::uint64_t number, std::uint32_t index) {
  Channel& channel = channels_[index];
  phase_ = Phase::kAnswering;
  if (!answer(instance_frame(number, index),
              std::array{state_.instances[index]->board_memory().get(), channel.doorbell.get()})) {
    return;
  }
  channel.doorbell.reset();
  channel.state = Channel::State::kOpen;
}

void Session::confirm(std::uint32_t generation) {
  if (generation == 0 || generation != state_.generation || std::exchange(confirmed_, true)) return;
  for (const std::uint32_t index : open_channels()) state_.instances[index]->confirm(client_->id);
}

}  // namespace ringpost::daemon
