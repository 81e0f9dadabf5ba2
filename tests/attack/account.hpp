// What a publisher process notes of its calls in memory that outlives it: an account for each thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace ringpost::tests {

inline constexpr std::size_t kAccountsMax = 8;

struct Accounts {
  // Events are numbered from 0. Those below `accepted` were accepted; number `accepted` is under way while `attempted`
  // is above it. Each stored by its thread in program order, which is all that a process that is killed leaves behind.
  struct alignas(64) Account {
    std::atomic<std::uint32_t> attempted;
    std::atomic<std::uint32_t> accepted;
  };
  std::array<Account, kAccountsMax> of_thread;
  std::atomic<std::uint32_t> connected;
};

}  // namespace ringpost::tests
