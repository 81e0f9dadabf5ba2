// The control thread: the socket and its connections, signals, timers, the instances' life. Everything here
// runs on the thread that calls run(); what the instances' threads say is posted to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "daemon/config/config.hpp"
#include "daemon/control/census.hpp"
#include "daemon/control/control_state.hpp"
#include "daemon/control/session.hpp"
#include "daemon/control/socket_file.hpp"

namespace ringpost::daemon {

class Server {
 public:
  // Starts the instances; `config` and `socket` must outlive it. Throws std::invalid_argument when librdkafka
  // refuses a property, std::runtime_error when this machine is not fit.
  Server(const Config& config, SocketFile& socket, const Capacity& capacity);
  ~Server();

  // Serves until a signal has stopped it. The process's exit code.
  int run();

 private:
  // A client whose connection has ended and whose lanes are not all in the arena yet.
  struct Departed {
    std::shared_ptr<Client> client;
    std::uint64_t lanes = 0;
    std::uint64_t lane_bytes = 0;
    std::uint64_t channels = 0;
    std::size_t instances_left = 0;
    bool malformed = false;
  };

  void start_instances();
  void say_what_runs() const;

  void wait_for_connections();
  void accept_some();
  void accept_one(ipc::Descriptor connection);
  void pause_accepting(int why);

  void session_ended(Session& session, ipc::Descriptor socket);
  void refuse_connection(ipc::Descriptor connection, const QuotaProblem& why);
  void close_refused(ipc::Descriptor connection);
  void refused_closed();
  void channel_drained(std::uint64_t client_id);
  void client_malformed(std::uint64_t client_id, const std::string& instance, const std::string& why);
  std::shared_ptr<Client> mark_malformed(std::uint64_t client_id);

  void wait_for_signal();
  void signal(int number);
  void stop();
  void instance_stopped(const InstanceStatus& last);
  void stop_overdue();
  void keep_house();

  boost::asio::io_context io_;
  ControlState state_;
  SocketFile& socket_;
  boost::asio::posix::stream_descriptor listener_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer accept_pause_;
  boost::asio::steady_timer house_keeping_;
  boost::asio::steady_timer stop_deadline_;
  std::int64_t queue_empty_ns_ = 0;  // CLOCK_MONOTONIC: nobody waited for accept() at that time
  std::set<std::shared_ptr<Session>> sessions_;
  std::map<std::uint64_t, Departed> departed_;  // by client id
  bool accepting_held_ = false;
  std::size_t refused_closing_ = 0;  // connections that were refused and are with the undertaker
  std::size_t instances_running_ = 0;
};

}  // namespace ringpost::daemon
