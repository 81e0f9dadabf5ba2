// The descriptors that a forked child inherits and has no use for: it closes them when it starts afresh, so that the
// end of its parent is seen as one. Listed after they are opened and struck off before they are closed, so that a fork
// at any moment leaves at worst an open descriptor in the child, never a number that is somebody else's.
#pragma once

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>

#include "ipc/descriptor.hpp"
#include "ipc/limits.hpp"

namespace ringpost::client {

class InheritedDescriptors {
 public:
  InheritedDescriptors() {
    for (auto& number : numbers_) number.store(kNone, std::memory_order_relaxed);
  }
  void add(int number) { replace(kNone, number); }
  void remove(int number) { replace(number, kNone); }
  void close_all() {
    for (auto& number : numbers_) {
      const int inherited = number.exchange(kNone, std::memory_order_relaxed);
      if (inherited != kNone) ::close(inherited);
    }
  }

 private:
  static constexpr int kNone = -1;

  // Relaxed: the control thread writes, and a fork copies all of it. Where there is no free place, the child keeps it.
  void replace(int from, int to) {
    for (auto& number : numbers_) {
      int expected = from;
      if (number.compare_exchange_strong(expected, to, std::memory_order_relaxed)) return;
    }
  }

  std::array<std::atomic<int>, 2 + 4 * ipc::kInstancesMax> numbers_;
};

// A descriptor that is on the list while it is open.
class ListedDescriptor {
 public:
  ListedDescriptor(ipc::Descriptor descriptor, InheritedDescriptors& list)
      : descriptor_(std::move(descriptor)), list_(list) {
    if (descriptor_) list_.add(descriptor_.get());
  }
  ~ListedDescriptor() {
    if (descriptor_) list_.remove(descriptor_.get());
  }
  ListedDescriptor(const ListedDescriptor&) = delete;
  ListedDescriptor& operator=(const ListedDescriptor&) = delete;

  const ipc::Descriptor& get() const { return descriptor_; }
  int number() const { return descriptor_.get(); }

 private:
  ipc::Descriptor descriptor_;
  InheritedDescriptors& list_;
};

}  // namespace ringpost::client
