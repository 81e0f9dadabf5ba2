// A process of its own that a benchmark sends to: forked while there is one thread, ended with its owner.
#pragma once

#include <sys/types.h>

#include <functional>

namespace ringpost::bench {

class Peer {
 public:
  // `run` is called in the new process, pinned to `cpu` where there are several, and never returns from there.
  Peer(int cpu, const std::function<void()>& run);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

 private:
  pid_t process_;
};

}  // namespace ringpost::bench
