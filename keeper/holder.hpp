// The one process that holds: it gets everything, and may have things kept and dropped.
//
//     vacant ──admit(Take)──▶ handing over ◀──Take (it has begun anew)
//        ▲                         └──────────▶ serving ─────────────┐
//        ├──admit(Offer)──▶ serving, offered anew ──Settled──▶ serving
//        │                                                            │ connection ends, or is ended
//        └───────────── its process is dead ◀──── silent ◀────────────┘
//
// Silent: the process lives and has no connection. Nobody else gets anything then; itself may come back with an Offer.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "keeper/frame_socket.hpp"
#include "keeper/holdings.hpp"
#include "keeper/poll_set.hpp"
#include "keeper/succession.hpp"
#include "keeper/systemd_store.hpp"
#include "keeper/visitors.hpp"

namespace ringpost::keeper {

class Holder {
 public:
  Holder(Holdings& holdings, SystemdStore& store) : holdings_(holdings), store_(store) {}
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  // False: there is no memory for it. Finds a holder that a former keeper has left.
  bool open(bool ends_with_daemon);

  bool is_vacant() const { return pidfd_ < 0; }
  pid_t pid() const { return pid_; }

  // Takes the visitor's descriptors over.
  void admit(const Visitor& visitor, std::int64_t now_ms);

  void watch(PollSet& polls);
  void advance(const PollSet& polls, std::int64_t now_ms);

 private:
  struct Answer {
    FrameType type;
    std::uint64_t number;
    std::uint64_t count;
    std::uint64_t change;  // goes out when the store has this one
  };
  static constexpr std::uint32_t kAnswersMax = 1024;

  bool can_read() const;
  bool is_gone() const;
  void begin_taking(std::uint64_t number);
  void read();
  bool question(const Received& received);
  bool keep(const Received& received);
  void answer(FrameType type, std::uint64_t number, std::uint64_t count, std::uint64_t change);
  void send(std::int64_t now_ms);
  bool hand_over(std::int64_t now_ms);
  bool send_answers(std::int64_t now_ms);
  bool sent(SendResult result, std::int64_t now_ms);
  Frame frame_of(const Answer& answer) const;
  void refuse(std::uint64_t number, const char* text);
  void hang_up();
  void has_died();

  Holdings& holdings_;
  SystemdStore& store_;
  Succession succession_;
  Chatter chatter_;
  bool ends_with_daemon_ = false;

  int pidfd_ = -1;
  pid_t pid_ = 0;
  int socket_ = -1;
  bool is_handing_over_ = false;
  std::uint64_t take_number_ = 0;
  std::uint32_t next_place_ = 0;  // to hand over
  bool is_offering_ = false;

  Answer answers_[kAnswersMax]{};
  std::uint32_t first_answer_ = 0;
  std::uint32_t answer_count_ = 0;
  bool waits_for_room_ = false;
  std::int64_t retry_at_ms_ = 0;
  std::uint32_t socket_entry_ = PollSet::kNothing;
  std::uint32_t pidfd_entry_ = PollSet::kNothing;
};

}  // namespace ringpost::keeper
