#include "bench/peer.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <system_error>

#include "bench/pinning.hpp"

namespace ringpost::bench {

Peer::Peer(int cpu, const std::function<void()>& run) : process_(::fork()) {
  if (process_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (process_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin_to_cpu(cpu);
  try {
    run();
    ::_exit(0);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "a receiver: %s\n", error.what());
    ::_exit(1);
  }
}

Peer::~Peer() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

}  // namespace ringpost::bench
