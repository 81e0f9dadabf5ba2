#include "ipc/doorbell.hpp"

#include <linux/membarrier.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace ringpost::ipc {
namespace {

long membarrier(int command) { return ::syscall(SYS_membarrier, command, 0U, 0); }

}  // namespace

bool register_for_barriers() { return membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED) == 0; }

bool barriers_available() {
  const long commands = membarrier(MEMBARRIER_CMD_QUERY);
  return commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL_EXPEDITED) != 0;
}

void arm(std::atomic<std::uint32_t>& word, std::uint32_t number) {
  word.store(number, std::memory_order_relaxed);  // read in Channel's publish, after the tail's store
  membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED);
}

Descriptor create_doorbell() {
  Descriptor doorbell(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!doorbell) throw std::system_error(errno, std::generic_category(), "eventfd");
  return doorbell;
}

void ring(const Descriptor& doorbell) {
  const std::uint64_t one = 1;
  // A full counter (EAGAIN) is an edge that is already there; nothing else can be done about a failure here.
  // Not write(), which is a cancellation point: a thread that is cancelled in there would have published and not rung.
  [[maybe_unused]] const long written = ::syscall(SYS_write, doorbell.get(), &one, sizeof one);
}

}  // namespace ringpost::ipc
