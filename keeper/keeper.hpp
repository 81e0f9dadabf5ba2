// The loop: one thread that waits in poll() for whatever comes, and never anywhere else.
#pragma once

#include <signal.h>
#include <sys/resource.h>

#include <cstdint>

#include "keeper/command.hpp"
#include "keeper/holder.hpp"
#include "keeper/holdings.hpp"
#include "keeper/listening_socket.hpp"
#include "keeper/poll_set.hpp"
#include "keeper/systemd_store.hpp"
#include "keeper/visitors.hpp"

namespace ringpost::keeper {

struct Options {
  const char* socket = nullptr;
  char** command = nullptr;  // ends with null
};

class Keeper {
 public:
  // False: it was said why on standard error.
  bool open(const Options& options);
  int run();  // the exit code

 private:
  bool open_table();
  bool open_signals();
  bool open_socket(const Options& options, int passed);
  void watch();
  void advance();
  void accept_visitors(std::int64_t now_ms);
  void admit(std::int64_t now_ms);
  void read_signals(std::int64_t now_ms);
  void reap(std::int64_t now_ms);

  Holdings holdings_;
  SystemdStore store_;
  Visitors visitors_;
  Holder holder_{holdings_, store_};
  ListeningSocket listener_;
  Command command_{holdings_, holder_};
  PollSet polls_;
  rlimit descriptors_before_{};
  sigset_t mask_before_{};
  int signals_ = -1;
  int exit_code_ = -1;
  std::uint32_t signals_entry_ = PollSet::kNothing;
  std::uint32_t listener_entry_ = PollSet::kNothing;
  std::int64_t accept_at_ms_ = 0;
};

}  // namespace ringpost::keeper
