// The token that the order test's publishers hand around: whoever has number n publishes it, and gives n + 1 to the next
// seat when publish has returned. A channel of their own, faster than anything that Ringpost does, and so the order
// that a consumer has to see.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace ringpost::tests {

inline constexpr std::uint32_t kSeats = 8;

// Whose turn number n is: no pattern, and now and then twice the same seat's.
inline std::uint32_t seat_of(std::uint32_t number) { return (number * 2'654'435'761U) >> 29; }

struct TokenTable {
  struct alignas(64) Seat {
    std::atomic<std::uint32_t> turn;  // the number that it may publish, plus 1; 0: none
    std::atomic<std::uint32_t> sleeps;
  };
  std::array<Seat, kSeats> seats;
  alignas(64) std::atomic<std::uint32_t> consumed;  // written by the test: numbers below have arrived
  alignas(64) std::atomic<std::uint32_t> published;
  std::atomic<std::uint32_t> seated;  // publishers that are connected and wait for the token
  std::atomic<std::uint64_t> attempted;
  std::atomic<std::uint64_t> refused;
};

// Stored with release by the seat before, loaded with acquire here: what it did before is seen by us.
inline void hand_over(TokenTable& table, std::uint32_t number) {
  TokenTable::Seat& seat = table.seats[seat_of(number)];
  seat.turn.store(number + 1,
                  std::memory_order_seq_cst);  // and before the look at `sleeps`: pairs with wait_for_turn
  if (seat.sleeps.load(std::memory_order_seq_cst) != 0)
    ::syscall(SYS_futex, &seat.turn, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

inline void wait_for_turn(TokenTable& table, std::uint32_t number) {
  constexpr int kLooks =
      2'000;  // most hand-overs are caught awake, and they are the ones that try the order most
  TokenTable::Seat& seat = table.seats[seat_of(number)];
  for (int look = 0; look < kLooks; ++look) {
    if (seat.turn.load(std::memory_order_acquire) == number + 1) return;
  }
  seat.sleeps.store(1, std::memory_order_seq_cst);
  for (;;) {
    const std::uint32_t turn = seat.turn.load(std::memory_order_seq_cst);
    if (turn == number + 1) break;
    ::syscall(SYS_futex, &seat.turn, FUTEX_WAIT, turn, nullptr, nullptr, 0);
  }
  seat.sleeps.store(0, std::memory_order_seq_cst);
}

}  // namespace ringpost::tests
