// Is a client's CLOCK_MONOTONIC the daemon's? One in a time namespace of its own has another, and its stamps
// would order its events wrongly among the others'.
//
//     the queue of connections     client connects,        the daemon reads
//     was seen empty               then reads its clock    the hello
//     ──────┼──────────────────────────────┼─────────────────────┼──────────▶
//     not_before                         hello                  now
//
// The same clock gives not_before <= hello <= now, however long the hello lay in the socket: outside of that
// is another clock for certain. But not_before is old when nobody has connected for long. So a hello of more
// than kHelloAgeMaxNs ago is unclear: another clock, or somebody was held up. The client is told to connect
// again, and then not_before is recent: the second hello is right, or for certain wrong.
#pragma once

#include <cstdint>
#include <string>

namespace ringpost::daemon {

inline constexpr std::int64_t kHelloAgeMaxNs = 2'000'000'000;
// Readings of one clock on two cores may differ by less than this on poor hardware.
inline constexpr std::int64_t kClockSlackNs = 1'000'000;

enum class ClockVerdict : std::uint8_t { kSame, kUnclear, kOther };
ClockVerdict judge_clock(std::int64_t hello_ns_untrusted, std::int64_t not_before_ns, std::int64_t now_ns);

// What to tell a client whose clock is not kSame.
std::string clock_problem(ClockVerdict verdict, std::int64_t hello_ns_untrusted, std::int64_t now_ns);

}  // namespace ringpost::daemon
