// What the service manager is told (systemd, or whoever else has set NOTIFY_SOCKET; sd_notify(3)): that lanes can be served, in a
// sentence how it goes, that no thread is stuck, and how long a stop takes. Without one nothing is asked and nothing is said.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/control/census.hpp"
#include "daemon/control/status.hpp"
#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

// "2 clients. kafkaid: disconnected, 17 events wait (...). demo: disabled." Those that are not well come first, and
// not all where there are many.
std::string service_sentence(std::uint64_t clients, const std::vector<Reading>& readings);

// "The configuration was not taken: ringpost.toml:4:1: ... (and 2 more, in the journal). ", before the others; empty: it was.
std::string configuration_sentence(const std::vector<std::string>& problems);

// The socket that it has made for us (ringpostd.socket); empty: none. Throws std::runtime_error when it is none that we can use.
ipc::Descriptor activated_socket();

// Why it does not start.
void tell_service_manager(std::string_view sentence);

class ServiceManager {
 public:
  // All must outlive it. `configuration_problems`: why the file is not what runs.
  ServiceManager(boost::asio::io_context& io, StatusRounds& rounds, const Census& census,
                 const std::vector<std::string>& configuration_problems);

  // It listens: as soon as every instance's thread has answered, it is ready.
  void started();
  // Until the process ends: a stop that takes its time is no hanging one.
  void stopping();
  // Until the process has begun anew, and is ready again.
  void reloading();
  // The configuration's problems have changed.
  void reload_refused();

  // How long an instance's thread may owe an answer until systemd's watchdog is not told any more that all is well: a part
  // of its time-out, which is WatchdogSec=. A slow broker is none of this: a thread does not wait for one.
  static constexpr int kStuckPart = 3;

 private:
  void ask();
  void told(const std::vector<Reading>& readings);
  void extend_stop();
  bool is_stuck(const std::vector<Reading>& readings);

  boost::asio::steady_timer timer_;
  StatusRounds& rounds_;
  const Census& census_;
  const std::vector<std::string>& configuration_problems_;
  const bool listens_;                        // there is a service manager
  const std::chrono::microseconds watchdog_;  // 0: none
  const std::chrono::microseconds spacing_;
  bool ready_ = false;
  bool stopping_ = false;
  bool stuck_ = false;
  std::vector<std::chrono::steady_clock::time_point> answered_;  // by instance
};

}  // namespace ringpost::daemon
