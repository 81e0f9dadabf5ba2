// The command that the keeper is the parent of: it is started, started again when it ends without having been asked to,
// and gets the keeper's signals.
//
//     started ──dies, or ends with 0 or a code that a new start may mend──▶ pause of 100 ms, doubling to 10 s ──▶ started
//        │                                                                  (100 ms again after 60 s of life)
//        ├── ends with 64 or 78 (arguments, configuration) ──▶ the keeper ends with that code, if it holds nothing
//        └── ends after SIGTERM or SIGINT was forwarded ─────▶ the keeper ends with its code, 128 + signal if it died
//
// What is held ends with the keeper, and only the command can put it away. So a stop is forwarded when somebody has taken it:
//
//     told to stop ──somebody has what is held, or nothing is──▶ forwarded ──ends──▶ the end
//        │                                                          └──killed meanwhile, with something held──┐
//        └──it was dead, or has not taken yet──▶ started at once, if need be; takes ──▶ forwarded ◀───────────┘
#pragma once

#include <signal.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>

#include "keeper/holder.hpp"
#include "keeper/holdings.hpp"
#include "keeper/poll_set.hpp"
#include "keeper/visitors.hpp"

namespace ringpost::keeper {

class Command {
 public:
  Command(const Holdings& holdings, const Holder& holder) : holdings_(holdings), holder_(holder) {}
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  // `words` end with null. The command gets back the mask of signals and the limit of descriptors from before.
  void set(char** words, const sigset_t& mask, const rlimit& descriptors);
  bool is_set() const { return words_ != nullptr; }

  void watch(PollSet& polls) const;
  // Starts it when its time has come, and tells it to stop; its connection goes to the visitors.
  void advance(Visitors& visitors, std::int64_t now_ms);
  void forward(int signal, bool comes_from_terminal);
  void has_ended(int wait_status, std::int64_t now_ms);
  pid_t pid() const { return pid_; }  // 0: it does not run

  // What the keeper ends with; -1: it goes on.
  int exit_code() const { return exit_code_; }

 private:
  bool awaits_heir() const;
  bool is_to_be_started() const;
  void start(Visitors& visitors, std::int64_t now_ms);
  void put_off(std::int64_t now_ms);
  void tell_to_stop();
  bool is_over(int code, int killed_by) const;
  [[noreturn]] void become(int connection, pid_t parent) const;

  const Holdings& holdings_;
  const Holder& holder_;
  char** words_ = nullptr;
  sigset_t mask_{};
  rlimit descriptors_{};
  pid_t pid_ = 0;
  bool has_run_ = false;  // at least once
  int stop_signal_ = 0;   // 0: it is to go on
  bool is_told_ = false;  // this one has got it
  int exit_code_ = -1;
  std::int64_t started_ms_ = 0;
  std::int64_t start_at_ms_ = 0;
  std::int64_t pause_ms_ = 0;  // before the last start
};

}  // namespace ringpost::keeper
