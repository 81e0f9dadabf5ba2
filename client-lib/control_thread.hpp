// The one thread of the library: connects and reconnects, opens lanes before they are needed, pings, and lets go of
// what a connection that has ended leaves behind. All that takes time is done here and nowhere else.
//
//     connect ──▶ Hello ──▶ OpenInstance, lanes, for each ──▶ serve: ping, more lanes, dead claims ──▶ (end)
//        ▲                                                                                             │
//        └──────────── back-off ◀── unmap what no publisher holds any more ◀── calls fail ◀────────────┘
#pragma once

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <cstdint>
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

  // An instance that this connection serves.
  struct Served {
    Channel* channel;
    std::uint32_t index;          // the daemon's number for it
    Clock::time_point next_lane;  // not before
  };

  static void* run_thread(void* self);
  void run();

  bool connect();
  bool set_up();
  bool greet();
  bool open_instance(std::uint32_t index);
  void serve();
  bool tick();  // false: the connection has ended
  bool open_lanes();
  bool open_lane(Served& served);
  bool saw_traffic();
  void lost(Outage why);
  void end_connection();
  bool retire_all();
  void leave();

  Outage refused(const ipc::Frame& frame) const;
  Outage unreachable(int error) const;
  void answer_is_late(milliseconds waited);

  const Settings settings_;
  ChannelTable& channels_;
  Availability& availability_;
  InheritedDescriptors& inherited_;

  ListedDescriptor stop_;  // an eventfd, readable from stop() on
  pthread_t thread_{};
  bool left_everything_ = false;  // read after the join

  std::optional<Connection> connection_;
  std::shared_ptr<const ipc::ClientBoardReader> client_board_;
  std::vector<const Channel*> told_;  // of the instances that this connection's daemon knows
  std::vector<Served> served_;
  std::uint32_t instance_count_ = 0;
  milliseconds ping_interval_{kPingIntervalDefault};
  milliseconds daemon_grace_{0};
  milliseconds backoff_{kReconnectFirst};
  std::uint64_t published_bytes_ = 0;  // as of the last look
  Clock::time_point busy_until_{};
  Clock::time_point next_ping_{};
  bool grace_is_over_ = false;
};

}  // namespace ringpost::client
