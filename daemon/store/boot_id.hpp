// Which boot this is: CLOCK_MONOTONIC begins anew with each.
#pragma once

#include <array>
#include <cstdint>

namespace ringpost::daemon {

// Zeros where the kernel does not say.
std::array<std::uint8_t, 16> boot_id();

}  // namespace ringpost::daemon
