// What `ringpost` ends with; ringpost(1) says the same.
#pragma once

#include "daemon/config/config.hpp"

namespace ringpost::daemon {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;        // it ran, and something of it was refused or failed
inline constexpr int kExitUsage = 2;         // the command line is wrong; nothing was done
inline constexpr int kExitUnavailable = 69;  // sysexits' EX_UNAVAILABLE: no daemon to talk to
// kExitConfig, 78, from config.hpp: the configuration is wrong.

}  // namespace ringpost::daemon
