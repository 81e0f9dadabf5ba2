// An event as a caller handed it in, with everything checked that needs no look at the instance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "client-lib/c_api.hpp"
#include "client-lib/failure.hpp"

namespace ringpost::client {

// Publishing passes the message; reserving passes only how long it may be.
enum class MessageIs : std::uint8_t { kGiven, kToCome };

struct EventView {
  std::string_view instance;           // not yet known to be a name
  std::string_view topic;              // not yet known to be a name
  std::string_view message;            // empty while it is to come
  std::size_t message_room_bytes = 0;  // the message's size, or the most that it may have
  std::optional<std::string_view> key;
  std::span<const ringpost_header> headers;
  std::size_t headers_bytes = 0;  // as they lie in a record

  // What limits count; a message to come counts with nothing. More than any limit where the sizes are absurd.
  std::size_t event_bytes() const;
};

// Takes the event apart. Anything but kNone is an INVALID_ARGUMENT, `number` and `detail` as Cause says.
struct Malformed {
  Cause cause = Cause::kNone;
  std::uint64_t number = 0;
  std::uint64_t detail = 0;
};
Malformed view_event(const ringpost_event& event, MessageIs message, EventView& view);

// Writes the headers one after the other; returns the end.
std::byte* write_headers(std::byte* to, std::span<const ringpost_header> headers);

}  // namespace ringpost::client
