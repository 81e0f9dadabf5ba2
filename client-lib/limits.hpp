// Every bound and interval of the client library, in one place. Those of the shared memory are
// ipc/limits.hpp's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ringpost::client {

using std::chrono::milliseconds;

inline constexpr const char* kDefaultSocketPath = "/run/ringpost/ringpost.sock";
inline constexpr milliseconds kConnectTimeout{5000};

// Channels are never removed while a handle lives: instances that come and go with the daemon's configuration
// add up.
inline constexpr std::size_t kChannelsMax = 1024;

inline constexpr std::uint32_t kLanesAtHello = 3;
inline constexpr std::uint32_t kLanesAhead = 2;  // beyond the most that were ever claimed at once

// The control thread's intervals. Without traffic it wakes for its pings only.
inline constexpr milliseconds kBusyTick{20};
inline constexpr milliseconds kBusyFor{1000};              // after the last publish that it saw
inline constexpr milliseconds kPingIntervalDefault{1000};  // where the daemon names none
inline constexpr milliseconds kReconnectFirst{50};
inline constexpr milliseconds kReconnectMax{2000};
inline constexpr milliseconds kClaimRetry{1};
inline constexpr milliseconds kCloseWaitsForClaims{5000};
inline constexpr milliseconds kLaneRetry{1000};  // after the daemon had no lane to give

inline constexpr std::size_t kControlStackBytes = 512u << 10;
inline constexpr std::size_t kOutagesMax = 64;  // different reasons that are kept to show

}  // namespace ringpost::client
