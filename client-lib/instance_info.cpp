#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "client-lib/admission.hpp"
#include "client-lib/c_api.hpp"
#include "client-lib/handle.hpp"
#include "client-lib/this_thread.hpp"
#include "ipc/clock.hpp"
#include "ipc/limits.hpp"
#include "ipc/record.hpp"

namespace ringpost::client {
namespace {

template <typename T>
T read(const std::atomic<T>& word) {
  return word.load(std::memory_order_relaxed);  // figures: none orders another
}

std::int64_t age_ms(std::int64_t since_ns) {
  if (since_ns == 0) return 0;
  return std::max<std::int64_t>((ipc::monotonic_ns() - since_ns) / 1'000'000, 0);
}

void fill_from_board(const InstanceLink& link, ringpost_info& info) {
  const ipc::InstanceBoard& board = link.board();
  info.accepting = standing_of(link).code;
  info.connected = read(board.connected) != 0 ? 1 : 0;
  info.disconnected_ms = info.connected != 0 ? 0 : age_ms(read(board.disconnected_since_ns));
  info.waiting_events = read(board.waiting_events);
  info.buffer_used_bytes = read(board.buffer_used_bytes);
  info.buffer_bytes = read(board.buffer_bytes);
  info.max_event_bytes = read(board.max_event_bytes);
}

// A lane in use at this moment counts as having no room.
void fill_from_lanes(const Client& client, Channel& channel, const InstanceLink& link, ringpost_info& info) {
  const ThisThread& thread = this_thread(client.process_id);
  info.lanes = channel.lane_count();
  info.lanes_max = channel.lanes_max();
  for (LaneSlot& lane : channel.slots()) {
    if (!lane.try_claim(thread.id)) continue;
    const std::uint64_t room_bytes = lane.peek_room_bytes(link);
    lane.release();
    info.room_bytes += room_bytes;
    info.largest_room_bytes = std::max(info.largest_room_bytes, room_bytes);
  }
}

int look(const Call& call, const Client& client, std::string_view name, ringpost_info& info) {
  Channel* const channel = client.channels.find(name);
  if (channel == nullptr && !ipc::is_instance_name(name)) {
    return fail(call, RINGPOST_INVALID_ARGUMENT, Cause::kInstanceForm);
  }
  if (const Outage* outage = client.availability.outage()) {
    return fail(call, outage->code, Cause::kNoDaemon, outage->note);
  }
  if (channel != nullptr && channel->state() == ChannelState::kDenied) {
    return fail(call, RINGPOST_DENIED, Cause::kDenied);
  }
  const std::shared_ptr<InstanceLink> link = channel != nullptr ? channel->link() : nullptr;
  if (link == nullptr) return fail_unknown_instance(call, client);
  fill_from_board(*link, info);
  fill_from_lanes(client, *channel, *link, info);
  return RINGPOST_OK;
}

}  // namespace
}  // namespace ringpost::client

using namespace ringpost::client;

extern "C" int ringpost_instance_info(ringpost_handle* post, const char* instance, ringpost_info* info) {
  Call call{"ringpost_instance_info", nullptr, nullptr, false};
  if (post == nullptr) return fail(call, RINGPOST_INVALID_ARGUMENT, Cause::kNoHandle);
  if (instance == nullptr) return fail(call, RINGPOST_INVALID_ARGUMENT, Cause::kNoInstance);
  const std::string_view name(instance, ::strnlen(instance, ringpost::ipc::kInstanceNameMaxBytes + 1));
  call.instance_untrusted = &name;
  if (info == nullptr || info->struct_size < sizeof info->struct_size) {
    return fail(call, RINGPOST_INVALID_ARGUMENT, Cause::kArgument,
                "info->struct_size must be sizeof(ringpost_info)");
  }
  const Client* const client = client_of(call, *post);
  if (client == nullptr) return RINGPOST_DAEMON_UNAVAILABLE;

  ringpost_info whole{};
  const int code = look(call, *client, name, whole);
  const std::size_t size = std::min(info->struct_size, sizeof whole);
  whole.struct_size = size;
  std::memcpy(info, &whole, size);
  return code;
}

extern "C" int ringpost_instance_name(ringpost_handle* post, size_t index, char* name, size_t name_size) {
  const Call call{"ringpost_instance_name", nullptr, nullptr, false};
  if (post == nullptr) return fail(call, RINGPOST_INVALID_ARGUMENT, Cause::kNoHandle);
  const Client* const client = client_of(call, *post);
  if (client == nullptr) return RINGPOST_DAEMON_UNAVAILABLE;
  const std::span<Channel* const> channels = client->channels.all();
  if (index >= channels.size()) {
    if (const Outage* outage = client->availability.outage()) {
      return fail(call, outage->code, Cause::kNoDaemon, outage->note);
    }
    return fail_unknown_instance(call, *client);
  }
  const std::string& found = channels[index]->name();
  if (name == nullptr || name_size <= found.size()) {
    return fail(call, RINGPOST_INVALID_ARGUMENT, Cause::kArgument,
                "`name` has no room for the name; 65 bytes are enough");
  }
  std::memcpy(name, found.c_str(), found.size() + 1);
  return RINGPOST_OK;
}
