#include "client-lib/fork_guard.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <new>
#include <system_error>

#include "ipc/limits.hpp"

namespace ringpost::client {

ForkGuard::ForkGuard() {
  void* page = ::mmap(nullptr, ipc::kPageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    throw std::system_error(errno, std::generic_category(), "a page for the fork guard");
  if (::madvise(page, ipc::kPageBytes, MADV_WIPEONFORK) != 0) {
    const int why = errno;
    ::munmap(page, ipc::kPageBytes);
    throw std::system_error(why, std::generic_category(), "MADV_WIPEONFORK (Linux 4.14 or newer is needed)");
  }
  word_ = new (page) std::atomic<std::uint32_t>(kOurs);
}

ForkGuard::~ForkGuard() { ::munmap(word_, ipc::kPageBytes); }

bool ForkGuard::begin_take_over() {
  std::uint32_t expected = kWiped;
  // Pairs with the release in finish_take_over: who tries again sees what the one before left.
  return word_->compare_exchange_strong(expected, kBeingTaken, std::memory_order_acquire,
                                        std::memory_order_relaxed);
}

void ForkGuard::finish_take_over(bool done) {
  word_->store(done ? kOurs : kWiped, std::memory_order_release);  // pairs with begin_take_over
}

}  // namespace ringpost::client
