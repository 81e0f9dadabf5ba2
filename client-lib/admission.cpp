#include "client-lib/admission.hpp"

#include <algorithm>

#include "client-lib/c_api.hpp"
#include "client-lib/json_check.hpp"
#include "client-lib/short_bytes.hpp"
#include "ipc/board.hpp"
#include "ipc/clock.hpp"
#include "ipc/limits.hpp"

namespace ringpost::client {
namespace {

// The figures and verdicts of a board are loaded relaxed: none orders another.
template <typename T>
T read(const std::atomic<T>& word) {
  return word.load(std::memory_order_relaxed);
}

// With the lane's last topic remembered: most lanes carry one topic for long, and topics are only ever added.
ipc::TopicLookup look_up(LaneSlot& lane, std::string_view topic) {
  const ipc::TopicEntry* const hint = lane.topic_hint;
  if (hint != nullptr && same_short({hint->name, hint->name_size}, topic)) return {true, hint};
  const ipc::TopicLookup found = ipc::look_up_topic(lane.link().board(), topic);
  if (found.entry != nullptr) lane.topic_hint = found.entry;
  return found;
}

Verdict check_topic(const ipc::TopicLookup& topic, const EventView& event) {
  // A name on the board has the right form; what only a pattern allows need not.
  if (topic.entry == nullptr && !ipc::is_topic_name(event.topic)) {
    return {RINGPOST_INVALID_ARGUMENT, Cause::kTopicForm};
  }
  if (!topic.allowed) [[unlikely]]
    return {RINGPOST_UNKNOWN_TOPIC, Cause::kTopicNotListed};
  const std::uint32_t flags = topic.entry != nullptr ? read(topic.entry->flags) : 0;
  if ((flags & ipc::kTopicMissing) != 0) [[unlikely]]
    return {RINGPOST_UNKNOWN_TOPIC, Cause::kTopicMissing};
  if ((flags & ipc::kTopicCompacted) != 0 && event.key == nullptr) [[unlikely]]
    return {RINGPOST_INVALID_ARGUMENT, Cause::kNullKeyCompacted};
  return {};
}

std::size_t event_bytes_max(LaneSlot& lane, const ipc::TopicEntry* topic, std::size_t topic_bytes) {
  const std::size_t around = sizeof(ipc::RecordHeader) + topic_bytes + ipc::kRecordAlignBytes;
  std::size_t most = std::min(ipc::kEventMaxBytes, lane.writer().capacity_bytes() - around);
  if (const std::uint64_t of_instance = read(lane.link().board().max_event_bytes)) {
    most = std::min<std::size_t>(most, of_instance);
  }
  const std::uint32_t of_topic = topic != nullptr ? read(topic->max_event_bytes) : 0;
  return of_topic != 0 ? std::min<std::size_t>(most, of_topic) : most;
}

}  // namespace

Verdict check_message(std::string_view message) {
  const json::JsonError error = json::check_json(message, ipc::kJsonDepthMax);
  if (!error) return {};
  return {RINGPOST_INVALID_JSON, Cause::kJson, error.offset, static_cast<std::uint64_t>(error.kind)};
}

Verdict standing_of(const InstanceLink& link) {
  static_assert(static_cast<std::uint32_t>(ipc::Standing::kServed) == 0 &&
                static_cast<std::uint32_t>(ipc::Admission::kAccept) == 0);
  if ((read(link.client_board().standing) | read(link.board().admission)) == 0) [[likely]]
    return {};
  switch (static_cast<ipc::Standing>(read(link.client_board().standing))) {
    case ipc::Standing::kServed:
      break;
    case ipc::Standing::kCutOff:
      return {RINGPOST_DAEMON_UNAVAILABLE, Cause::kCutOff};
    default:
      return {RINGPOST_DAEMON_UNAVAILABLE, Cause::kStopping};
  }
  switch (static_cast<ipc::Admission>(read(link.board().admission))) {
    case ipc::Admission::kAccept:
      return {};
    case ipc::Admission::kNotConnected:
      return {RINGPOST_NOT_CONNECTED, Cause::kNotConnected};
    default:
      return {RINGPOST_DISABLED, Cause::kDisabled};
  }
}

Verdict admit(LaneSlot& lane, const EventView& event, bool check_json, std::size_t& bytes_max) {
  const ipc::TopicLookup topic = look_up(lane, event.topic);
  if (const Verdict wrong = check_topic(topic, event); wrong.code != RINGPOST_OK) [[unlikely]]
    return wrong;

  bytes_max = event_bytes_max(lane, topic.entry, event.topic.size());
  const std::size_t bytes = event.event_bytes();
  if (bytes > bytes_max) [[unlikely]]
    return {RINGPOST_MESSAGE_TOO_LARGE, Cause::kTooLarge, bytes, bytes_max};

  if (check_json) {
    if (const Verdict wrong = check_message(event.message_text()); wrong.code != RINGPOST_OK) [[unlikely]]
      return wrong;
  }
  if (const Verdict closed = standing_of(lane.link()); closed.code != RINGPOST_OK) [[unlikely]]
    return closed;
  if (topic.entry != nullptr && (read(topic.entry->flags) & ipc::kTopicFull) != 0) [[unlikely]]
    return {RINGPOST_BUFFER_FULL, Cause::kTopicFull};
  return {};
}

Figures figures_of(const InstanceLink& link) {
  const ipc::InstanceBoard& board = link.board();
  Figures figures;
  figures.buffer_bytes = read(board.buffer_bytes);
  figures.waiting_events = read(board.waiting_events);
  const std::int64_t since_ns = read(board.disconnected_since_ns);
  if (read(board.connected) == 0 && since_ns != 0) {
    figures.disconnected_ns = std::max<std::int64_t>(ipc::monotonic_ns() - since_ns, 1);
  }
  return figures;
}

}  // namespace ringpost::client
