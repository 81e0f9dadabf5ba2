#include "daemon/command/interruption.hpp"

#include <csignal>
#include <cstdio>
#include <initializer_list>

namespace ringpost::daemon {
namespace {

// Written by the handler, read by the thread that it interrupts.
volatile std::sig_atomic_t noted_signal = 0;

void note(int number) { noted_signal = number; }

}  // namespace

void watch_for_interruption() {
  struct sigaction action {};
  action.sa_handler = note;  // without SA_RESTART: read() and nanosleep() return
  for (const int number : {SIGINT, SIGTERM}) {
    (void)sigaction(number, &action, nullptr);
  }
}

bool interrupted() { return noted_signal != 0; }

void end_as_interrupted() {
  if (!interrupted()) {
    return;
  }
  (void)std::fflush(stdout);
  (void)std::signal(noted_signal, SIG_DFL);
  (void)std::raise(noted_signal);
}

}  // namespace ringpost::daemon
