// Waiting for what other processes do.
#pragma once

#include <chrono>
#include <thread>

namespace ringpost::tests {

// Generous on purpose: it only ends a test that would never pass; no test passes or fails by how long
// something took.
inline constexpr std::chrono::seconds kDeadline{60};

// Asks again and again until the condition holds; false when the deadline passes before.
template <typename Condition>
bool wait_until(Condition condition, std::chrono::steady_clock::duration deadline = kDeadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace ringpost::tests
