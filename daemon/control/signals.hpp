// The signals of ringpostd. Blocked in all threads, from before the first other one on; the control thread asks for them when it serves.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <array>

namespace ringpost::daemon {

inline constexpr std::array kSignals = {SIGTERM, SIGINT, SIGHUP};

inline void mask_signals(int how) {
  sigset_t ours;
  sigemptyset(&ours);
  for (const int number : kSignals) sigaddset(&ours, number);
  ::pthread_sigmask(how, &ours, nullptr);
}

inline void block_signals() { mask_signals(SIG_BLOCK); }
inline void unblock_signals() { mask_signals(SIG_UNBLOCK); }

}  // namespace ringpost::daemon
