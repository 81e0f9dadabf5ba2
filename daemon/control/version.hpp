// What this daemon is.
#pragma once

namespace ringpost::daemon {

inline constexpr const char* kVersion = RINGPOST_VERSION;  // CMake's project() has it

}  // namespace ringpost::daemon
