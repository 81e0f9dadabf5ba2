// systemd's side: what it hands over at the start, that we are ready, and its descriptor store, which keeps a copy of
// everything for the case that the keeper itself dies. sd_listen_fds(3), sd_notify(3), in libc alone.
//
//     change of the table ──queued──▶ FDSTORE or FDSTOREREMOVE, in order ──▶ BARRIER + pipe ──▶ systemd closes the pipe:
//                                                                         all before it is done
//
// A store that does not answer within 5 s is late: nobody waits for it any more, until it has answered again.
#pragma once

#include <cstdint>

#include "keeper/holdings.hpp"
#include "keeper/poll_set.hpp"

namespace ringpost::keeper {

class SystemdStore {
 public:
  // From NOTIFY_SOCKET and FDSTORE. False: NOTIFY_SOCKET can't be used, said on standard error.
  bool open();
  // How many descriptors systemd's store takes; 0: there is none.
  std::uint32_t limit() const { return limit_; }

  // Puts what systemd has passed (LISTEN_FDS) into the table, but for a listening socket of the keeper's own, which is
  // returned; -1: there is none.
  int collect(Holdings& holdings) const;

  void notify(const char* state) const;  // READY=1; best effort

  // Whether the store has everything up to this change, or nobody waits for it.
  bool has(std::uint64_t change) const { return limit_ == 0 || is_late_ || change <= confirmed_; }

  bool is_late() const { return is_late_; }

  void watch(PollSet& polls, const Holdings& holdings);
  void advance(const PollSet& polls, Holdings& holdings, std::int64_t now_ms);

 private:
  enum class Sent : std::uint8_t { kYes, kLater, kNever };

  void tell(Holdings& holdings, std::int64_t now_ms);
  Sent send(const char* text, int descriptor) const;
  Sent send_change(const Holding& holding) const;
  Sent send_barrier(std::int64_t now_ms);
  void barrier_is_back();
  void give_up(Holdings& holdings, const char* why);

  int socket_ = -1;
  std::uint32_t limit_ = 0;
  int barrier_ = -1;                  // the pipe's end that is ours, while systemd has the other
  std::uint64_t barrier_covers_ = 0;  // changes
  std::uint64_t told_ = 0;            // changes
  std::uint64_t confirmed_ = 0;       // changes
  std::int64_t barrier_since_ms_ = 0;
  std::int64_t retry_at_ms_ = 0;
  bool is_late_ = false;
  std::uint32_t socket_entry_ = PollSet::kNothing;
  std::uint32_t barrier_entry_ = PollSet::kNothing;
};

}  // namespace ringpost::keeper
