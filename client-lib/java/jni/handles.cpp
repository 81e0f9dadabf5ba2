#include "client-lib/java/jni/handles.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace ringpost::java {
namespace {

constexpr std::int64_t kTurn = kHandlesMax;  // number = turn * kTurn + index

constinit std::array<Handle, kHandlesMax> handles{};

Handle* handle_of(std::int64_t number) {
  return number > 0 ? &handles[static_cast<std::size_t>(number % kTurn)] : nullptr;
}

// Threads differ in the address of what the C library keeps of them, by pages.
std::size_t stripe_of_thread() {
  const auto thread = static_cast<std::uint64_t>(pthread_self());
  return (thread * 0x9E3779B97F4A7C15U) >> 60U;
}

bool is_unused(const Handle& handle) {
  return std::all_of(handle.stripes.begin(), handle.stripes.end(),
                     [](const Stripe& stripe) { return stripe.calls.load(std::memory_order_seq_cst) == 0; });
}

}  // namespace

std::int64_t keep_handle(ringpost_handle* post) {
  for (std::size_t index = 0; index < kHandlesMax; ++index) {
    Handle& handle = handles[index];
    if (handle.taken.exchange(true, std::memory_order_acquire)) continue;  // pairs with close_handle
    handle.post = post;
    const std::int64_t turn = handle.turn.load(std::memory_order_relaxed) + 1;
    handle.turn.store(turn, std::memory_order_seq_cst);
    return turn * kTurn + static_cast<std::int64_t>(index);
  }
  return 0;
}

bool close_handle(std::int64_t number) {
  Handle* const handle = handle_of(number);
  if (handle == nullptr) return false;
  std::int64_t turn = number / kTurn;
  if (turn % 2 == 0 || !handle->turn.compare_exchange_strong(turn, turn + 1, std::memory_order_seq_cst))
    return false;
  // Either a call's count is seen here, or the call sees the turn: both are sequentially consistent.
  while (!is_unused(*handle)) std::this_thread::sleep_for(std::chrono::microseconds(50));
  ringpost_close(handle->post);
  handle->post = nullptr;
  handle->taken.store(false, std::memory_order_release);  // pairs with keep_handle
  return true;
}

void close_all_handles() {
  for (std::size_t index = 0; index < kHandlesMax; ++index) {
    const std::int64_t turn = handles[index].turn.load(std::memory_order_relaxed);
    if (turn != 0) close_handle(turn * kTurn + static_cast<std::int64_t>(index));
  }
}

Use::Use(std::int64_t number) {
  Handle* const handle = handle_of(number);
  if (handle == nullptr) return;
  calls_ = &handle->stripes[stripe_of_thread()].calls;
  calls_->fetch_add(1, std::memory_order_seq_cst);
  const std::int64_t turn = number / kTurn;
  if (turn % 2 != 0 && handle->turn.load(std::memory_order_seq_cst) == turn) post_ = handle->post;
}

Use::~Use() {
  if (calls_ != nullptr) calls_->fetch_sub(1, std::memory_order_release);
}

}  // namespace ringpost::java
