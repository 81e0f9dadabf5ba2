#include "client-lib/failure.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "client-lib/c_api.hpp"
#include "client-lib/json_check.hpp"
#include "client-lib/text.hpp"
#include "ipc/limits.hpp"
#include "ipc/record.hpp"

namespace ringpost::client {
namespace {

constexpr std::size_t kNameKeptBytes = ipc::kTopicNameMaxBytes + 1;

// A copy of a name, for the names of a call don't outlive it.
template <std::size_t N>
struct Kept {
  std::array<char, N> bytes;
  std::size_t size;
  bool given;

  void keep(const std::string_view* text) { keep(text != nullptr ? *text : std::string_view()); }
  void keep(std::string_view text) {
    given = text.data() != nullptr;
    size = std::min(text.size(), N);
    if (size != 0) std::memcpy(bytes.data(), text.data(), size);
  }
  std::string_view view() const { return {bytes.data(), size}; }
};

// Zero-initialised and trivially destructible: a thread may come and go, and so may the library.
struct Failure {
  Cause cause;
  int code;
  const char* function;
  bool publishes;
  Kept<kNameKeptBytes> instance;
  Kept<kNameKeptBytes> topic;
  Kept<1024> note;
  std::uint64_t number;
  std::uint64_t limit_or_detail;
  Figures figures;
};

using Message = Text<2048>;

thread_local constinit Failure last{};
thread_local constinit Message message{};

void note_call(const Call& call, int code, Cause cause) {
  last.cause = cause;
  last.code = code;
  last.function = call.function;
  last.publishes = call.publishes;
  last.instance.keep(call.instance_untrusted);
  last.topic.keep(call.topic_untrusted);
}

void add_call(Message& to) {
  to.add(last.function);
  if (last.instance.given) {
    to.add("(").add_quoted(last.instance.view());
    if (last.topic.given) to.add(", ").add_quoted(last.topic.view());
    to.add(")");
  }
  to.add(": ");
}

void add_seconds(Message& to, std::int64_t ns) {
  to.add(static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0)) / 1'000'000'000).add(" s");
}

// (256 MiB and 5 lanes of 4 MiB, 3912 events waiting, no broker for 12 s)
void add_figures(Message& to, const Figures& figures) {
  to.add(" (").add_size(figures.buffer_bytes);
  if (figures.lanes != 0) {
    to.add(" and ").add(figures.lanes).add(figures.lanes == 1 ? " lane of " : " lanes of ");
    to.add_size(figures.lane_bytes);
  }
  to.add(", ").add(figures.waiting_events).add(" events waiting");
  if (figures.disconnected_ns != 0) {
    to.add(", no broker for ");
    add_seconds(to, figures.disconnected_ns);
  }
  to.add(")");
}

void add_instance_form(Message& to) {
  to.add_quoted(last.instance.view()).add(" is no instance name (1 to 64 lower-case letters and digits)");
  Kept<kNameKeptBytes> lower = last.instance;
  for (std::size_t at = 0; at < lower.size; ++at) {
    if (lower.bytes[at] >= 'A' && lower.bytes[at] <= 'Z')
      lower.bytes[at] = static_cast<char>(lower.bytes[at] - 'A' + 'a');
  }
  if (ipc::is_instance_name(lower.view())) to.add("; did you mean ").add_quoted(lower.view()).add("?");
}

void add_argument(Message& to) {
  switch (last.cause) {
    case Cause::kNoHandle:
      to.add("the handle is NULL");
      break;
    case Cause::kNoEvent:
      to.add("the event is NULL");
      break;
    case Cause::kNoInstance:
      to.add("the instance's name is missing");
      break;
    case Cause::kInstanceForm:
      add_instance_form(to);
      break;
    case Cause::kNoTopic:
      to.add("the topic is missing");
      break;
    case Cause::kTopicForm:
      to.add_quoted(last.topic.view());
      to.add(
          " is no topic name (1 to 249 of letters, digits, '.', '_' and '-', and neither \".\" nor \"..\")");
      break;
    case Cause::kNoMessage:
      to.add("the message is NULL; for a JSON null pass the text null");
      break;
    case Cause::kMessageGiven:
      to.add("a reservation takes no message, only its greatest size");
      break;
    case Cause::kKeyPointer:
      to.add("the key is NULL, but its size is ").add(last.number);
      break;
    case Cause::kHeadersPointer:
      to.add("headers is NULL, but header_count is ").add(last.number);
      break;
    case Cause::kHeaderCount:
      to.add("there are ")
          .add(last.number)
          .add(" headers; at most ")
          .add(ipc::kHeaderCountMax)
          .add(" are allowed");
      break;
    case Cause::kHeaderName:
      to.add("header ").add(last.number + 1).add(" has no name of 1 to 4096 bytes of UTF-8");
      break;
    case Cause::kHeaderReserved:
      to.add("header ").add(last.number + 1).add(": the name \"ringpost-id\" is reserved for Ringpost's own");
      break;
    case Cause::kHeaderValue:
      to.add("header ").add(last.number + 1).add(" has a value_size of ").add(last.limit_or_detail);
      to.add(", but its value is NULL");
      break;
    case Cause::kNullKeyCompacted:
      to.add("the topic is compacted, and the broker refuses events without a key; pass a key");
      break;
    case Cause::kUnknownFlags:
      to.add("unknown flags (").add(last.number).add("); this library knows RINGPOST_JSON_CHECKED (1)");
      break;
    case Cause::kReservationOver:
      to.add("the reservation was committed or aborted before");
      break;
    default:
      to.add(last.note.view());
      break;
  }
}

void add_refusal(Message& to) {
  switch (last.cause) {
    case Cause::kJson:
      to.add("the message is not JSON at byte ").add(last.number).add(": ");
      to.add(json::to_string(static_cast<json::JsonFault>(last.limit_or_detail)));
      break;
    case Cause::kDisabled:
      to.add("the instance is switched off (enabled = false); ask the administrator");
      break;
    case Cause::kDenied:
      to.add("this user may not use the instance; the administrator's `allow` decides");
      break;
    case Cause::kUnknownInstance:
      to.add("there is no such instance; this user may use ")
          .add(last.note.size != 0 ? last.note.view() : "none");
      break;
    case Cause::kTopicNotListed:
      to.add("the topic is not on the instance's list; the administrator's `topics` decides");
      break;
    case Cause::kTopicMissing:
      to.add("the cluster has no such topic; topics are created by administrators");
      break;
    case Cause::kTooLarge:
      to.add("key, headers and message have ").add(last.number).add(" bytes; at most ");
      to.add(last.limit_or_detail).add(" are allowed");
      break;
    case Cause::kBufferFull:
      to.add("the buffer is full");
      add_figures(to, last.figures);
      break;
    case Cause::kTopicFull:
      to.add("the topic has used up its share of the buffer");
      add_figures(to, last.figures);
      break;
    case Cause::kLanesClaimed:
      to.add("all ").add(last.number).add(" lanes of this process are in use at this moment");
      break;
    case Cause::kNoLanes:
      to.add("the daemon has no lane for this process");
      if (last.note.size != 0) to.add(" (").add(last.note.view()).add(")");
      break;
    case Cause::kNotConnected:
      to.add("Kafka is not connected");
      add_figures(to, last.figures);
      break;
    case Cause::kStopping:
      to.add("the daemon is shutting down");
      break;
    case Cause::kCutOff:
      to.add(
          "the daemon has cut this process off because its shared memory was malformed; see the daemon's "
          "log");
      break;
    case Cause::kForked:
      to.add("this process was forked and is connecting to the daemon");
      break;
    default:
      to.add(last.note.view());
      break;
  }
}

}  // namespace

int fail(const Call& call, int code, Cause cause, std::uint64_t number, std::uint64_t limit_or_detail) {
  note_call(call, code, cause);
  last.number = number;
  last.limit_or_detail = limit_or_detail;
  last.note.size = 0;
  return code;
}

int fail(const Call& call, int code, Cause cause, const Figures& figures) {
  note_call(call, code, cause);
  last.figures = figures;
  return code;
}

int fail(const Call& call, int code, Cause cause, std::string_view note) {
  note_call(call, code, cause);
  last.number = 0;
  last.note.keep(note);
  return code;
}

const char* last_failure_text() {
  message.clear();
  if (last.cause == Cause::kNone) return message.c_str();
  add_call(message);
  if (last.code == RINGPOST_INVALID_ARGUMENT) {
    add_argument(message);
  } else {
    add_refusal(message);
  }
  if (last.publishes) {
    message.add(". The event was not queued");
    message.add(ringpost_error_retryable(last.code) != 0 ? "; retry later." : ".");
  }
  return message.c_str();
}

}  // namespace ringpost::client

extern "C" const char* ringpost_last_error_message(void) { return ringpost::client::last_failure_text(); }
