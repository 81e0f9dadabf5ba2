// Is a client's CLOCK_MONOTONIC the daemon's? One in a time namespace of its own has another, and its stamps
// would order its events wrongly among the others'.
//
//     the queue of connections     client connects,        the daemon reads
//     was seen empty               then reads its clock    the hello
//     ──────┼──────────────────────────────┼─────────────────────┼──────────▶
//     not_before                         hello                  now
//
// The same clock gives not_before <= hello <= now, however long the hello lay in the socket: outside of that
// is another clock for certain. not_before can be old, when nobody has connected for long. So a hello of more
// than kHelloAgeMaxNs ago is refused, too: the daemon answers a connection within microseconds, and one that
// was stopped for that long refuses a client that may simply try again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ringpost::daemon {

inline constexpr std::int64_t kHelloAgeMaxNs = 5'000'000'000;
// Readings of one clock on two cores may differ by less than this on poor hardware.
inline constexpr std::int64_t kClockSlackNs = 1'000'000;

// Nothing, or why the clock is refused.
std::optional<std::string> clock_problem(std::int64_t hello_ns_untrusted, std::int64_t not_before_ns,
                                         std::int64_t now_ns);

}  // namespace ringpost::daemon
