#include "client-lib/this_thread.hpp"

#include <unistd.h>

namespace ringpost::client {
namespace {

thread_local constinit ThisThread current{};

}  // namespace

ThisThread& this_thread(std::uint32_t process_id) {
  ThisThread& thread = current;
  if (thread.process_id != process_id) [[unlikely]]
    thread = {static_cast<std::uint32_t>(::gettid()), 0, process_id};
  return thread;
}

}  // namespace ringpost::client
