// Who holds, and the how-manieth it is: in a memory of the keeper's own, which lies in systemd's store with the rest, as
// does the holder's pidfd. So a keeper that was restarted goes on counting, and gives nothing away while the holder
// lives. Without a store both begin anew: then the first Offer says how far the count was.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "keeper/holdings.hpp"

namespace ringpost::keeper {

class Succession {
 public:
  // False: there is no memory for it. Call it when the table has what systemd has passed.
  bool open(Holdings& holdings);

  std::uint64_t takes() const { return state_.takes; }
  pid_t pid() const { return static_cast<pid_t>(state_.pid); }  // of the last holder; 0: nobody is known
  int holder_alive() const;  // a pidfd, the caller's; -1: it is dead, or unknown

  void record(std::uint64_t takes, pid_t pid, int pidfd);

 private:
  struct State {
    std::uint64_t magic;
    std::uint64_t takes;
    std::int64_t pid;
  };

  Holdings* holdings_ = nullptr;
  int memory_ = -1;  // the table's
  State state_{};
};

}  // namespace ringpost::keeper
