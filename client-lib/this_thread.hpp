// What the library remembers of each thread. Trivial, so that no destructor is left behind when the library
// goes.
#pragma once

#include <cstdint>

namespace ringpost::client {

struct ThisThread {
  std::uint32_t id;          // gettid()
  std::uint32_t lane_hint;   // the slot of the lane that this thread used last
  std::uint32_t process_id;  // of the process in which `id` was asked; 0: not asked yet
};

// With `id` filled in: one system call in a thread's life, and one more in a forked child, where the thread that
// called fork has another id than what it remembers. `process_id` is this process's.
ThisThread& this_thread(std::uint32_t process_id);

}  // namespace ringpost::client
