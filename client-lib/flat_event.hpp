// An event but for its message, as the bindings of Node.js and Java write it down; node/lib/wire.js has the grammar.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "client-lib/ringpost.hpp"

namespace ringpost {

// ringpost.h's bound. What is beyond it is counted, not kept: the library refuses such an event by the count alone.
inline constexpr std::size_t kHeadersMax = 1024;

struct FlatEvent {
  ringpost_event event{};                            // but for the message
  std::array<ringpost_header, kHeadersMax> headers;  // as many as event.header_count; event points here
};

// Takes `flat` apart where it lies; the event points into it. False: it is not what they write.
bool read_flat_event(std::span<char> flat, FlatEvent& out);

}  // namespace ringpost
