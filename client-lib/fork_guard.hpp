// Tells a forked child that it is one, without a system call: a word in a page that the kernel wipes at fork.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringpost::client {

class ForkGuard {
 public:
  ForkGuard();  // throws std::system_error where the kernel has no MADV_WIPEONFORK (before 4.14)
  ~ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;

  // True in the process that opened, or took over, the handle. Relaxed: a fork orders everything by itself,
  // and take_over's caller publishes what it made with a release of its own.
  bool is_ours() const { return word_->load(std::memory_order_relaxed) == kOurs; }

  // In a child: true for the one thread that may start afresh; it ends with finish_take_over().
  bool begin_take_over();
  // `done` false: the next call tries again.
  void finish_take_over(bool done);

 private:
  static constexpr std::uint32_t kWiped = 0;  // a child's page
  static constexpr std::uint32_t kOurs = 1;
  static constexpr std::uint32_t kBeingTaken = 2;

  std::atomic<std::uint32_t>* word_;
};

}  // namespace ringpost::client
