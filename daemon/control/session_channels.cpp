// A session's instances and lanes: what its client may use, and how it gets them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/post.hpp>

#define RINGPOST_NO_HANDLE_NAME  // `ringpost` is the namespace here
#include "client-lib/ringpost.h"
#include "daemon/config/log.hpp"
#include "daemon/control/estate.hpp"
#include "daemon/control/session.hpp"
#include "ipc/doorbell.hpp"
#include "ipc/lane_reader.hpp"

namespace ringpost::daemon {

void Session::open_instance(std::uint64_t number, std::uint32_t index) {
  if (index >= state_.configured) {
    return refuse(number, ipc::Refusal::kNoSuchInstance,
                  fmt::format("there is no instance {}: this daemon has {}", index, state_.configured));
  }
  const Channel::State opened = channels_[index].state;
  if (opened == Channel::State::kOpen || opened == Channel::State::kDenied)
    return protocol_error("it opened an instance twice");
  if (state_.stopping) return refuse(number, ipc::Refusal::kStopping, "the daemon is stopping");
  if (!may_use(state_.config.instances[index].allow, who_)) {
    // What was revoked is drained to the end of what it had published when it was allowed, and goes on counting.
    if (opened == Channel::State::kClosed) channels_[index].state = Channel::State::kDenied;
    log_denial(index);
    ipc::Frame frame = ipc::make_frame(ipc::FrameType::kInstance, number);
    ipc::set_text_field(frame.body.instance.name, state_.config.instances[index].name);
    answer(frame);
    return;
  }
  if (channels_[index].doorbell) return open_inherited(number, index);
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

// Each client opens every instance, whether its scripts use it or not: more than once a user would be noise.
void Session::log_denial(std::uint32_t index) {
  if (state_.denials.size() >= ControlState::kDenialsMax ||
      !state_.denials.emplace(who_.peer.uid, index).second) {
    return;
  }
  const std::string& instance = state_.config.instances[index].name;
  log_line(spdlog::level::info,
           {.instance = instance,
            .client_pid = who_.peer.pid,
            .error_code = ::ringpost_error_name(RINGPOST_DENIED)},
           "{} ({}) may not use instance {}, whose allow does not name it: its calls get DENIED (said once a "
           "user)",
           client_->name(), who_.text(), instance);
}

ipc::Frame Session::instance_frame(std::uint64_t number, std::uint32_t index) const {
  const InstanceConfig& config = state_.config.instances[index];
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kInstance, number);
  ipc::set_text_field(frame.body.instance.name, config.name);
  frame.body.instance.lane_bytes = config.lane_size_bytes;
  frame.body.instance.lanes_max = std::min(config.lanes_per_client_max, ipc::kLanesPerChannelMax);
  frame.body.instance.allowed = 1;
  return frame;
}

void Session::open_channel(std::uint64_t number, std::uint32_t index) {
  auto doorbell = std::make_shared<ipc::Descriptor>(ipc::create_doorbell());
  phase_ = Phase::kAnswering;
  std::string name = doorbell_name_of(client_->id, state_.config.instances[index].name);
  kept_names_.insert(name);
  state_.custody.keep(std::move(name), doorbell->get(),
                      [weak = weak_from_this(), number, index, doorbell](bool kept) {
                        const auto self = weak.lock();
                        if (self && self->phase_ == Phase::kAnswering)
                          self->doorbell_kept(number, index, *doorbell, kept);
                      });
}

void Session::doorbell_kept(std::uint64_t number, std::uint32_t index, const ipc::Descriptor& doorbell,
                            bool kept) {
  if (!kept) return refuse(number, ipc::Refusal::kNoResources, kNotKept);
  try {
    ipc::Descriptor watched = doorbell.duplicate();
    if (!answer(instance_frame(number, index),
                std::array{state_.instances[index]->board_memory().get(), doorbell.get()})) {
      return;
    }
    // After the answer: what failed can be asked again. A ring before this is not lost, for watching begins
    // with a look.
    // An inherited one without a doorbell is counted already.
    if (channels_[index].state == Channel::State::kClosed) state_.census.channel_opened();
    channels_[index].state = Channel::State::kOpen;
    state_.instances[index]->open_channel(client_, std::move(watched));
  } catch (const std::exception& error) {
    refuse(number, ipc::Refusal::kNoResources, error.what());
  }
}

void Session::open_lane(std::uint64_t number, std::uint32_t index) {
  if (index >= state_.configured) {
    return refuse(number, ipc::Refusal::kNoSuchInstance,
                  fmt::format("there is no instance {}: this daemon has {}", index, state_.configured));
  }
  const InstanceConfig& config = state_.config.instances[index];
  Channel& channel = channels_[index];
  const std::uint32_t lanes_max = std::min(config.lanes_per_client_max, ipc::kLanesPerChannelMax);
  if (channel.state == Channel::State::kClosed || channel.state == Channel::State::kInherited) {
    return protocol_error("it asked for a lane of an instance that it had not opened");
  }
  if (channel.state != Channel::State::kOpen) {
    return refuse(number, ipc::Refusal::kDenied,
                  fmt::format("{} may not use instance {}", who_.text(), config.name));
  }
  if (state_.stopping) return refuse(number, ipc::Refusal::kStopping, "the daemon is stopping");
  if (channel.unsent.memory) return send_lane(number, index);
  if (channel.lanes >= lanes_max || next_slot_ >= ipc::kBoardSlotsMax) {
    return refuse(number, ipc::Refusal::kTooManyLanes,
                  fmt::format("you have {} lanes of instance {} (of {}) and used {} slots of {}",
                              channel.lanes, config.name, lanes_max, next_slot_, ipc::kBoardSlotsMax));
  }
  const auto quota = state_.census.lane_problem(who_.peer.uid, config.lane_size_bytes);
  if (quota) {
    log_limited(spdlog::level::warn, fmt::format("{}/uid {}", name_of(quota->refusal), who_.peer.uid),
                {.instance = config.name, .client_pid = who_.peer.pid, .error_code = name_of(quota->refusal)},
                "a lane of instance {} was refused to {} ({}): {}", config.name, client_->name(), who_.text(),
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
  const InstanceConfig& config = state_.config.instances[index];
  const std::uint64_t id = state_.last_lane_id + 1;
  channel.unsent = {id, next_slot_, ipc::create_lane(id, config.lane_size_bytes)};
  state_.last_lane_id = id;
  state_.census.lane_opened(who_.peer.uid, config.lane_size_bytes);
  lane_bytes_opened_ += config.lane_size_bytes;
  ++channel.lanes;
  ++next_slot_;
  ++lanes_opened_;
  phase_ = Phase::kAnswering;
  kept_names_.insert(lane_name_of(id, config.name));
  state_.custody.keep(lane_name_of(id, config.name), channel.unsent.memory.get(),
                      [weak = weak_from_this(), number, index](bool kept) {
                        const auto self = weak.lock();
                        if (!self || self->phase_ != Phase::kAnswering) return;
                        kept ? self->register_lane(number, index)
                             : self->lane_failed(number, index, kNotKept);
                      });
}

// Only a lane that the keeper has and that is part of the cut may be written: so it is sent when the instance has it.
void Session::register_lane(std::uint64_t number, std::uint32_t index) {
  const Lane& lane = channels_[index].unsent;
  auto registered = [weak = weak_from_this(), &io = state_.io, number, index](bool done) {
    boost::asio::post(io, [weak, number, index, done] {
      if (const auto self = weak.lock()) self->lane_registered(number, index, done);
    });
  };
  try {
    state_.instances[index]->open_lane(client_, lane.id, lane.slot, lane.memory, std::move(registered));
  } catch (const std::exception& error) {
    lane_failed(number, index, error.what());
  }
}

void Session::lane_registered(std::uint64_t number, std::uint32_t index, bool done) {
  if (phase_ != Phase::kAnswering) return;
  if (done) return send_lane(number, index);
  lane_failed(number, index, "there is no room for another lane: try again later");
}

// It is the last one that was asked for: its slot is free again.
void Session::lane_failed(std::uint64_t number, std::uint32_t index, const char* why) {
  const InstanceConfig& config = state_.config.instances[index];
  const std::string name = lane_name_of(channels_[index].unsent.id, config.name);
  state_.custody.drop(name);
  kept_names_.erase(name);
  channels_[index].unsent.memory.reset();
  --channels_[index].lanes;
  --next_slot_;
  --lanes_opened_;
  lane_bytes_opened_ -= config.lane_size_bytes;
  state_.census.lane_closed(who_.peer.uid, config.lane_size_bytes);
  refuse(number, ipc::Refusal::kNoResources, fmt::format("instance {}: {}", config.name, why));
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

}  // namespace ringpost::daemon
