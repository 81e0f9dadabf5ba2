// The one thread of the library: connects and reconnects, opens lanes before they are needed, pings, and lets go of
// what a connection that has ended leaves behind. All that takes time is done here and nowhere else.
//
//                  ┌─────────── another daemon has adopted the connection; calls go on ───────────┐
//                  ▼                                                                              │
//     connect ──▶ Hello ──▶ OpenInstance, missing lanes, for each ──▶ serve: ping, more lanes, dead claims ──▶ (end)
//        ▲                                                                                                      │
//        └──────────── back-off ◀── unmap what no publisher holds any more ◀── calls fail ◀─────────────────────┘
#pragma once

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client-lib/channel_table.hpp"
#include "client-lib/connection.hpp"
#include "client-lib/inherited_descriptors.hpp"
#include "client-lib/limits.hpp"
#include "client-lib/outage.hpp"

namespace ringpost::client {

struct Settings {
  std::string socket_path;
  std::string client_name;
};

class ControlThread {
 public:
  ControlThread(Settings settings, ChannelTable& channels, Availability& availability,
                InheritedDescriptors& inherited);

  const Settings& settings() const { return settings_; }

  // Throws std::system_error.
  void start();

  // Waits for calls under way, closes the connection, ends the thread. False: a call did not leave in time, and what
  // the channels hold must stay.
  bool stop();

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr const char* kClosed = "the daemon has closed the connection; connecting again";
  static constexpr const char* kClosedInSetUp = "the daemon closed the connection while it was being set up";

  // An instance that this connection serves.
  struct Served {
    Channel* channel;
    std::uint32_t index;          // the daemon's number for it
    Clock::time_point next_lane;  // not before
  };

  // How it goes on after a step.
  enum class Course : std::uint8_t {
    kOn,
    kAdopted,  // with a hello to the daemon that serves the connection now
    kEnded,    // with another connection; what is to be said about this one has been said
    kStopped,  // the handle is being closed: leave() comes, with the connection still open
  };
  // Of an answer. Where it is none, the connection is lost, for the reason that is given.
  Course course_of(Answer::What what, const char* reason);

  static void* run_thread(void* self);
  void run();
  void use_connection();

  bool connect();
  Course set_up();
  Course greet();
  Course open_instance(std::uint32_t index);
  Course refused_instance(const ipc::Frame& frame, std::uint32_t index);
  Course open_postponed();
  void forget_untold();
  Course serve();
  Course tick();
  Course ping();
  Course open_lanes();
  Course open_lane(Served& served);
  void look_after_calls();
  bool saw_traffic();
  bool all_moved();
  HeldLanes held_lanes() const;
  void lost(Outage why);
  bool retire_all();
  void wait_for_calls(const std::function<bool()>& they_have_left);
  void leave();

  Outage refused(const ipc::Frame& frame) const;
  Outage unreachable(int error) const;
  void answer_is_late();

  const Settings settings_;
  ChannelTable& channels_;
  Availability& availability_;
  InheritedDescriptors& inherited_;

  ListedDescriptor stop_;  // an eventfd, readable from stop() on
  pthread_t thread_{};
  bool left_everything_ = false;  // read after the join

  std::optional<Connection> connection_;
  std::uint64_t connection_number_ = 0;
  std::shared_ptr<const ipc::ClientBoardReader> client_board_;
  std::vector<const Channel*> told_;  // of the instances that this connection's daemon knows
  std::vector<Served> served_;
  std::vector<std::uint32_t> postponed_;  // instances that were refused for now
  Clock::time_point postponed_until_;
  std::uint32_t instance_count_ = 0;
  std::uint32_t generation_ = 0;  // of the daemon that has welcomed us
  std::uint32_t moved_to_ = 0;    // the same once no call looks at boards of another
  milliseconds ping_interval_{kPingIntervalDefault};
  milliseconds daemon_grace_{0};
  milliseconds backoff_{kReconnectFirst};
  std::uint64_t published_bytes_ = 0;  // as of the last look
  Clock::time_point busy_until_{};
  Clock::time_point next_ping_{};
  bool grace_is_over_ = false;
};

}  // namespace ringpost::client
