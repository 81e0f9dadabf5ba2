// An event as a caller handed it in, with everything checked that needs no look at the instance.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "client-lib/c_api.hpp"
#include "client-lib/failure.hpp"

namespace ringpost::client {

// Publishing passes the message; reserving passes only how long it may be.
enum class MessageIs : std::uint8_t { kGiven, kToCome };

// The largest number where the sum has no room.
inline std::size_t add_sizes(std::size_t one, std::size_t other) {
  const std::size_t sum = one + other;
  return sum < one ? std::numeric_limits<std::size_t>::max() : sum;
}

// Filled by view_event, the names first; deliberately not set to zero before.
struct EventView {
  std::string_view instance;       // not yet known to be a name
  std::string_view topic;          // not yet known to be a name
  const char* message;             // nullptr while it is to come
  std::size_t message_room_bytes;  // the message's size, or the most that it may have
  const char* key;                 // nullptr: no key
  std::size_t key_bytes;
  const ringpost_header* headers;
  std::size_t header_count;
  std::size_t headers_bytes;                 // as they lie in a record
  std::array<std::uint16_t, 16> name_bytes;  // of the first headers' names, so as to measure them once

  std::string_view message_text() const { return {message, message_bytes()}; }
  std::size_t message_bytes() const { return message != nullptr ? message_room_bytes : 0; }

  // What limits count; a message to come counts with nothing. More than any limit where the sizes are absurd.
  std::size_t event_bytes() const { return add_sizes(add_sizes(key_bytes, headers_bytes), message_bytes()); }
};

// Takes the event apart. Anything but kNone is an INVALID_ARGUMENT, `number` and `detail` as Cause says.
struct Malformed {
  Cause cause = Cause::kNone;
  std::uint64_t number = 0;
  std::uint64_t detail = 0;
};
Malformed view_event(const ringpost_event& event, MessageIs message, EventView& view);

// Writes the headers one after the other; returns the end.
std::byte* write_headers(std::byte* to, const EventView& event);

}  // namespace ringpost::client
