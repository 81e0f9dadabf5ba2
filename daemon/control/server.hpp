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
#include "daemon/control/custody.hpp"
#include "daemon/control/estate.hpp"
#include "daemon/control/reload.hpp"
#include "daemon/control/service_manager.hpp"
#include "daemon/control/session.hpp"
#include "daemon/control/socket_file.hpp"
#include "daemon/store/state_directory.hpp"

namespace ringpost::daemon {

class Server {
 public:
  // Makes the instances, which go on with what a dead daemon has left; what is referred to must outlive it. Throws
  // std::invalid_argument when librdkafka refuses a property, std::runtime_error when this machine is not fit.
  Server(const Config& config, SocketFile& socket, const Capacity& capacity, Custody custody, Estate estate,
         Reload& reload);
  ~Server();

  // Serves until a signal has stopped it. The process's exit code, or kBeginAnew.
  int run();

 private:
  // A client whose connection has ended and whose lanes are not all in the arena yet.
  struct Departed {
    std::shared_ptr<Client> client;
    std::uint64_t lanes = 0;
    std::uint64_t lane_bytes = 0;
    std::uint64_t channels = 0;
    std::size_t instances_left = 0;
    std::set<std::string> kept_names;
    bool malformed = false;
  };

  // server_adoption.cpp
  void open_state_directory();
  DiskConfig disk_of(const InstanceConfig& config);
  void make_instances(Estate& estate);
  bool add_instance(const InstanceConfig& config, Estate& estate);
  std::unique_ptr<Instance> make_instance(const InstanceConfig& config, Inheritance inheritance);
  std::unique_ptr<Instance> make_removed(const InstanceConfig& config, InstanceEvents events,
                                         Inheritance inheritance, const DiskConfig& disk);
  void drop_unregistered(std::uint32_t index, std::set<std::uint64_t> lanes);
  bool is_damaged(const std::string& instance) const;
  std::shared_ptr<Client> inherited_client(std::uint64_t client_id, Estate& estate);
  void adopt_clients(Estate& estate);
  Session::Adoption adoption_of(const std::shared_ptr<Client>& client);
  void adopt_session(ipc::Descriptor connection, Session::Adoption adoption);
  void adopt_departed(const Session::Adoption& adoption);
  void count_adopted(uid_t user, const Session::Adoption& adoption);
  void keep_memories();

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
  void stop_when_all_have_moved();
  void stop();
  // server_reload.cpp
  void reload();
  bool can_reload();
  void refuse_reload();
  void wait_for_keeper();
  void instance_stopped(const InstanceStatus& last, bool handed_on);
  void stop_overdue();
  void keep_house();

  boost::asio::io_context io_;
  std::unique_ptr<StateDirectory> state_directory_;  // null: state_problem_ says why
  std::string state_problem_;
  Custody custody_;
  ControlState state_;
  SocketFile& socket_;
  Reload& reload_;
  boost::asio::posix::stream_descriptor listener_;
  boost::asio::signal_set signals_;
  ServiceManager service_manager_;
  boost::asio::steady_timer accept_pause_;
  boost::asio::steady_timer house_keeping_;
  boost::asio::steady_timer stop_deadline_;
  std::int64_t queue_empty_ns_ = 0;  // CLOCK_MONOTONIC: nobody waited for accept() at that time
  std::set<std::shared_ptr<Session>> sessions_;
  std::map<std::uint64_t, Departed> departed_;  // by client id
  // Of a dead daemon, until they are sessions or departed.
  std::map<std::uint64_t, std::shared_ptr<Client>> inherited_;
  std::map<std::uint64_t, std::uint32_t> next_slots_;                            // by client
  std::map<std::uint64_t, std::map<std::uint32_t, ipc::Descriptor>> doorbells_;  // by client and instance
  std::uint64_t listener_before_ = 0;  // the number of the socket's file that a dead daemon made
  std::vector<std::string> damaged_;   // instances whose inheritance could not be used
  std::int64_t told_to_stop_ns_ = 0;   // CLOCK_MONOTONIC; 0: it goes on
  bool accepting_held_ = false;
  std::size_t refused_closing_ = 0;  // connections that were refused and are with the undertaker
  std::size_t instances_running_ = 0;
  bool reloads_ = false;  // it stops, and begins anew
};

}  // namespace ringpost::daemon
