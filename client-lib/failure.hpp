// Why a call failed: noted in the call, as numbers, and put into words only when somebody asks for the
// message. A refusal must not cost more than a publish.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringpost::client {

enum class Cause : std::uint8_t {
  kNone,
  // INVALID_ARGUMENT
  kNoHandle,
  kNoEvent,
  kNoInstance,
  kInstanceForm,
  kNoTopic,
  kTopicForm,
  kNoMessage,
  kMessageGiven,  // to a reservation
  kKeyPointer,
  kHeadersPointer,
  kHeaderCount,     // number: how many
  kHeaderName,      // number: which
  kHeaderReserved,  // number: which
  kHeaderValue,     // number: which
  kNullKeyCompacted,
  kUnknownFlags,
  kReservationOver,
  kArgument,  // note says it all
  // the others, a code each or several
  kJson,  // number: offset; detail: json::JsonFault
  kDisabled,
  kDenied,
  kUnknownInstance,  // note: those that may be used
  kTopicNotListed,
  kTopicMissing,
  kTooLarge,      // number: bytes; limit
  kBufferFull,    // Figures
  kTopicFull,     // Figures
  kLanesClaimed,  // number: how many
  kNoLanes,
  kNotConnected,  // Figures
  kNoDaemon,      // note
  kStopping,
  kCutOff,
  kForked,
  kOpen,  // note says it all
};

// What the instance's board said at the moment of the refusal.
struct Figures {
  std::uint64_t buffer_bytes = 0;
  std::uint64_t lane_bytes = 0;
  std::uint64_t lanes = 0;
  std::uint64_t waiting_events = 0;
  std::int64_t disconnected_ns = 0;  // how long without a broker; 0: there is one
};

// The call that failed. The names may be anything that a caller can pass; nullptr: there is none.
struct Call {
  const char* function = "publishAsync";
  const std::string_view* instance_untrusted = nullptr;
  const std::string_view* topic_untrusted = nullptr;
  bool publishes = true;  // whether there was an event that can have been queued or not
};

// Each notes this thread's last failure and returns `code`. Safe in a signal handler. Cold: what leads to them is kept out of the
// way of a call that succeeds, whose code is rarely in the processor's cache.
[[gnu::cold]] int fail(const Call& call, int code, Cause cause, std::uint64_t number = 0,
                       std::uint64_t limit_or_detail = 0);
[[gnu::cold]] int fail(const Call& call, int code, Cause cause, const Figures& figures);
[[gnu::cold]] int fail(const Call& call, int code, Cause cause, std::string_view note);

// The last failure of this thread, in words.
const char* last_failure_text();

}  // namespace ringpost::client
