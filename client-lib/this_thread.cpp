#include "client-lib/this_thread.hpp"

#include <unistd.h>

namespace ringpost::client {
namespace {

thread_local constinit ThisThread current{};

}  // namespace

ThisThread& this_thread() {
  ThisThread& thread = current;
  if (thread.id == 0) thread.id = static_cast<std::uint32_t>(::gettid());
  return thread;
}

void forget_this_thread() { current = {}; }

}  // namespace ringpost::client
