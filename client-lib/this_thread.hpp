// What the library remembers of each thread. Trivial, so that no destructor is left behind when the library
// goes.
#pragma once

#include <cstdint>

namespace ringpost::client {

struct ThisThread {
  std::uint32_t id;         // gettid(); 0: not asked yet
  std::uint32_t lane_hint;  // the slot of the lane that this thread used last
};

// With `id` filled in: one system call in a thread's life.
ThisThread& this_thread();

// In a child after a fork: the thread has another id now.
void forget_this_thread();

}  // namespace ringpost::client
