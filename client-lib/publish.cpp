// The path of a call, from the event in the caller's hands to the tail's store. Nothing here waits or allocates.
//
//     take the event apart ─▶ channel ─▶ claim a lane ─▶ topic, size, JSON, standing ─▶ room ─▶ write ─▶ commit
//                                                                                              ─▶ doorbell ─▶ release
#include <algorithm>
#include <cassert>
#include <cstring>

#include "client-lib/admission.hpp"
#include "client-lib/c_api.hpp"
#include "client-lib/channel.hpp"
#include "client-lib/event_view.hpp"
#include "client-lib/failure.hpp"
#include "client-lib/handle.hpp"
#include "client-lib/short_bytes.hpp"
#include "client-lib/this_thread.hpp"

namespace ringpost::client {
namespace {

[[gnu::cold]] int fail(const Call& call, const Verdict& verdict) {
  return fail(call, verdict.code, verdict.cause, verdict.number, verdict.detail);
}

[[gnu::cold]] int fail(const Call& call, const Outage& outage) {
  return fail(call, outage.code, Cause::kNoDaemon, outage.note);
}

// The channel's refusals, from now on with the claim on one of its lanes.
[[gnu::cold]] int refuse(const Call& call, LaneSlot& lane, const Verdict& verdict) {
  lane.link().count_refusal(verdict.code);
  if (verdict.cause != Cause::kBufferFull && verdict.cause != Cause::kTopicFull &&
      verdict.cause != Cause::kNotConnected) {
    lane.release();
    return fail(call, verdict);
  }
  Figures figures = figures_of(lane.link());
  figures.lane_bytes = lane.writer().capacity_bytes();
  figures.lanes = verdict.number;
  lane.release();
  return fail(call, verdict.code, verdict.cause, figures);
}

[[gnu::cold]] int fail_without_channel(const Call& call, const Client& client, const EventView& event) {
  if (!ipc::is_instance_name(event.instance)) {
    return fail(call, RINGPOST_INVALID_ARGUMENT, Cause::kInstanceForm);
  }
  if (const Outage* outage = client.availability.outage()) return fail(call, *outage);
  return fail_unknown_instance(call, client);
}

// No lane can be claimed. What is wrong with the event itself comes first, as far as it shows without a board.
[[gnu::cold]] int fail_without_lane(const Call& call, const Client& client, Channel& channel,
                                    const EventView& event, bool check_json) {
  Verdict verdict{RINGPOST_BUFFER_FULL, Cause::kLanesClaimed, channel.claimed_count()};
  if (verdict.number == 0) verdict = {RINGPOST_BUFFER_FULL, Cause::kNoLanes};
  if (!ipc::is_topic_name(event.topic)) verdict = {RINGPOST_INVALID_ARGUMENT, Cause::kTopicForm};
  if (check_json && verdict.code == RINGPOST_BUFFER_FULL) {
    if (const Verdict wrong = check_message(event.message_text()); wrong.code != RINGPOST_OK) verdict = wrong;
  }
  channel.note_refusal(verdict.code);
  const Outage* const outage = client.availability.outage();
  if (outage != nullptr && verdict.code == RINGPOST_BUFFER_FULL) return fail(call, *outage);
  return fail(call, verdict);
}

// What a call holds once its event may go into a lane.
struct Place {
  Channel* channel = nullptr;
  LaneSlot* lane = nullptr;
  std::byte* record = nullptr;
  std::size_t message_bytes_max = 0;
};

std::size_t record_bytes(const EventView& event, std::size_t message_bytes) {
  return ipc::align_record(sizeof(ipc::RecordHeader) + event.topic.size() + event.key_bytes +
                           event.headers_bytes + message_bytes);
}

// A lane with room: the one that is claimed, or another one.
int find_room(const Call& call, const EventView& event, ThisThread& thread, Place& place) {
  const std::size_t bytes = record_bytes(event, place.message_bytes_max);
  place.record = place.lane->writer().reserve(bytes, place.lane->released());
  if (place.record != nullptr) return RINGPOST_OK;
  LaneSlot* const other = place.channel->claim_with_room(thread.id, *place.lane, place.lane->link(), bytes);
  if (other == nullptr) {
    return refuse(call, *place.lane, {RINGPOST_BUFFER_FULL, Cause::kBufferFull, place.channel->lane_count()});
  }
  place.lane->release();
  place.lane = other;
  place.record =
      other->writer().reserve(bytes, other->released());  // found to succeed, and the claim is ours
  return RINGPOST_OK;
}

// Everything up to the room for the record. With RINGPOST_OK the lane is claimed.
int find_place(const Call& call, Client& client, const EventView& event, bool check_json, Place& place) {
  place.channel = client.channels.find(event.instance);
  const Outage* const outage = client.availability.outage();
  if (place.channel == nullptr) return fail_without_channel(call, client, event);
  if (place.channel->state() != ChannelState::kOpen) {
    if (outage != nullptr) return fail(call, *outage);
    if (place.channel->state() == ChannelState::kDenied) return fail(call, RINGPOST_DENIED, Cause::kDenied);
    return fail_unknown_instance(call, client);
  }

  ThisThread& thread = this_thread(client.process_id);
  place.lane = place.channel->claim(thread.id, thread.lane_hint);
  if (place.lane == nullptr) return fail_without_lane(call, client, *place.channel, event, check_json);

  std::size_t event_bytes_max = 0;
  const Verdict verdict = admit(*place.lane, event, check_json, event_bytes_max);
  if (verdict.code != RINGPOST_OK) return refuse(call, *place.lane, verdict);
  if (outage != nullptr) {  // lanes that outlive their daemon for a while, and the while is over
    place.lane->link().count_refusal(outage->code);
    place.lane->release();
    return fail(call, *outage);
  }
  const std::size_t around = event.event_bytes() - event.message_bytes();
  place.message_bytes_max = std::min(event.message_room_bytes, event_bytes_max - around);
  const int code = find_room(call, event, thread, place);
  if (code == RINGPOST_OK) thread.lane_hint = place.channel->index_of(*place.lane);
  return code;
}

// The header, but for what is known at the commit only, and all in front of the message; returns where that begins.
std::byte* write_record(const EventView& event, std::byte* record) {
  auto* const header = reinterpret_cast<ipc::RecordHeader*>(record);
  header->flags = event.key != nullptr ? ipc::kRecordHasKey : 0;
  header->header_count = static_cast<std::uint16_t>(event.header_count);
  header->topic_size = static_cast<std::uint16_t>(event.topic.size());
  header->zero = 0;
  header->key_size = static_cast<std::uint32_t>(event.key_bytes);
  header->headers_size = static_cast<std::uint32_t>(event.headers_bytes);
  std::byte* to = put_short(record + sizeof *header, event.topic.data(), event.topic.size());
  to = put_short(to, event.key, event.key_bytes);
  return event.header_count != 0 ? write_headers(to, event) : to;
}

// The message lies in the record already.
void publish_and_release(LaneSlot& lane, std::byte* record, const std::byte* message,
                         std::size_t message_size) {
  reinterpret_cast<ipc::RecordHeader*>(record)->message_size = static_cast<std::uint32_t>(message_size);
  lane.writer().commit_in_place(static_cast<std::size_t>(message - record) + message_size);
  lane.link().wake_drainer();
  lane.release();
}

int prepare(const ringpost_handle* post, const ringpost_event* event, MessageIs message, Call& call,
            EventView& view) {
  if (post == nullptr) return fail(call, RINGPOST_INVALID_ARGUMENT, Cause::kNoHandle);
  if (event == nullptr) return fail(call, RINGPOST_INVALID_ARGUMENT, Cause::kNoEvent);
  const Malformed malformed = view_event(*event, message, view);
  if (view.instance.data() != nullptr) call.instance_untrusted = &view.instance;
  if (view.topic.data() != nullptr) call.topic_untrusted = &view.topic;
  if (malformed.cause == Cause::kNone) return RINGPOST_OK;
  return fail(call, RINGPOST_INVALID_ARGUMENT, malformed.cause, malformed.number, malformed.detail);
}

bool flags_are_known(unsigned flags) { return (flags & ~static_cast<unsigned>(RINGPOST_JSON_CHECKED)) == 0; }

}  // namespace
}  // namespace ringpost::client

using namespace ringpost::client;

extern "C" int ringpost_publish(ringpost_handle* post, const ringpost_event* event) {
  return ringpost_publish_flagged(post, event, 0);
}

extern "C" int ringpost_publish_flagged(ringpost_handle* post, const ringpost_event* event,
                                        unsigned int flags) {
  Call call;
  EventView view;
  int code = prepare(post, event, MessageIs::kGiven, call, view);
  if (code != RINGPOST_OK) return code;
  if (!flags_are_known(flags)) return fail(call, RINGPOST_INVALID_ARGUMENT, Cause::kUnknownFlags, flags);
  Client* const client = client_of(call, *post);
  if (client == nullptr) return RINGPOST_DAEMON_UNAVAILABLE;

  Place place;
  // An empty text is no JSON whoever has checked it, and to find that costs nothing.
  const bool check_json = (flags & RINGPOST_JSON_CHECKED) == 0 || view.message_room_bytes == 0;
  code = find_place(call, *client, view, check_json, place);
  if (code != RINGPOST_OK) return code;
  assert(place.lane != nullptr && place.record != nullptr);

  std::byte* const message = write_record(view, place.record);
  std::memcpy(message, view.message, view.message_room_bytes);
  publish_and_release(*place.lane, place.record, message, view.message_room_bytes);
  return RINGPOST_OK;
}

extern "C" int ringpost_reserve(ringpost_handle* post, const ringpost_event* event,
                                ringpost_reservation* out) {
  Call call;
  if (out == nullptr) return fail(call, RINGPOST_INVALID_ARGUMENT, Cause::kArgument, "`out` is NULL");
  *out = {};
  EventView view;
  int code = prepare(post, event, MessageIs::kToCome, call, view);
  if (code != RINGPOST_OK) return code;
  Client* const client = client_of(call, *post);
  if (client == nullptr) return RINGPOST_DAEMON_UNAVAILABLE;

  Place place;
  code = find_place(call, *client, view, false, place);
  if (code != RINGPOST_OK) return code;
  assert(place.lane != nullptr && place.record != nullptr);

  LaneSlot& lane = *place.lane;
  lane.pending.channel = place.channel;
  lane.pending.record = place.record;
  lane.pending.message = write_record(view, place.record);
  lane.pending.capacity = place.message_bytes_max;
  out->text = reinterpret_cast<char*>(lane.pending.message);
  out->capacity = place.message_bytes_max;
  out->internal = &lane;
  lane.show_claim();
  return RINGPOST_OK;
}

namespace ringpost::client {
namespace {

// What speaks against the text that was written into a reservation.
Verdict check_reserved(const LaneSlot::Pending& pending, std::size_t message_size, unsigned flags) {
  if (!flags_are_known(flags)) return {RINGPOST_INVALID_ARGUMENT, Cause::kUnknownFlags, flags};
  if (message_size > pending.capacity) {
    const ipc::RecordHeader& header = *reinterpret_cast<const ipc::RecordHeader*>(pending.record);
    const std::size_t around = header.key_size + std::size_t{header.headers_size};
    return {RINGPOST_MESSAGE_TOO_LARGE, Cause::kTooLarge, around + message_size, around + pending.capacity};
  }
  if ((flags & RINGPOST_JSON_CHECKED) != 0 && message_size != 0) return {};
  return check_message({reinterpret_cast<const char*>(pending.message), message_size});
}

// What the messages need of an event that is in its place already.
struct ReservedNames {
  explicit ReservedNames(const LaneSlot::Pending& pending)
      : instance(pending.channel->name()),
        topic(reinterpret_cast<const char*>(pending.record + sizeof(ipc::RecordHeader)),
              reinterpret_cast<const ipc::RecordHeader*>(pending.record)->topic_size) {}
  Call call() const { return {"publishAsync", &instance, &topic}; }

  std::string_view instance;
  std::string_view topic;
};

// The reservation is over, and nothing was published.
[[gnu::cold]] int give_up(LaneSlot& lane, const Verdict& verdict, const Outage* outage) {
  const ReservedNames names(lane.pending);  // the topic's lies in the lane
  const int code = verdict.code != RINGPOST_OK ? verdict.code : RINGPOST_DAEMON_UNAVAILABLE;
  lane.link().count_refusal(code);
  if (verdict.code != RINGPOST_OK) {
    fail(names.call(), verdict);
  } else if (outage != nullptr) {
    fail(names.call(), *outage);
  } else {
    fail(names.call(), code, Cause::kNoDaemon, "the connection ended while the text was written");
  }
  lane.release();
  return code;
}

}  // namespace
}  // namespace ringpost::client

extern "C" int ringpost_commit(ringpost_handle* post, ringpost_reservation* reservation, size_t message_size,
                               unsigned int flags) {
  if (post == nullptr) return fail({}, RINGPOST_INVALID_ARGUMENT, Cause::kNoHandle);
  if (reservation == nullptr || reservation->internal == nullptr) {
    return fail({}, RINGPOST_INVALID_ARGUMENT, Cause::kReservationOver);
  }
  LaneSlot& lane = *static_cast<LaneSlot*>(reservation->internal);
  *reservation = {};
  // In a child the lane is the parent's, and not even mapped.
  if (!post->guard.is_ours()) return fail({}, RINGPOST_DAEMON_UNAVAILABLE, Cause::kForked);

  const Verdict verdict = check_reserved(lane.pending, message_size, flags);
  const Outage* const outage = post->client.load(std::memory_order_acquire)->availability.outage();
  // A lane that is being retired is one whose connection has ended: nobody would ever read it.
  if (verdict.code != RINGPOST_OK || outage != nullptr || lane.retiring())
    return give_up(lane, verdict, outage);
  publish_and_release(lane, lane.pending.record, lane.pending.message, message_size);
  return RINGPOST_OK;
}

extern "C" void ringpost_abort(ringpost_handle* post, ringpost_reservation* reservation) {
  if (post == nullptr || reservation == nullptr || reservation->internal == nullptr) return;
  LaneSlot& lane = *static_cast<LaneSlot*>(reservation->internal);
  *reservation = {};
  if (post->guard.is_ours()) lane.release();
}
