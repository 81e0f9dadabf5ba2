// How much of an attack there is: enough for each build within seconds, and more where somebody has hours.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace ringpost::tests {

// `usual` in a release build, a part of it under a sanitizer; times RINGPOST_ATTACK where the environment has it.
inline std::uint32_t amount(std::uint32_t usual) {
#if defined(RINGPOST_SANITIZER_ADDRESS) || defined(RINGPOST_SANITIZER_THREAD)
  usual /= 10;
#endif
  const char* const times = std::getenv("RINGPOST_ATTACK");
  return times != nullptr ? usual * static_cast<std::uint32_t>(std::atoi(times)) : usual;
}

}  // namespace ringpost::tests
