// ringpostd as users run it: the real program, with a configuration, a socket and a data folder of its own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.hpp"
#include "tests/support/record.hpp"

namespace ringpost::tests {

// What `ringpost status --json` says of one instance.
struct InstanceStatus {
  std::string state;
  std::uint64_t accepted = 0;
  std::uint64_t delivered = 0;
  std::uint64_t waiting = 0;
  std::uint64_t waiting_on_disk = 0;  // of `waiting`
  std::uint64_t dead_letters = 0;
  std::uint64_t buffer_bytes = 0;
  std::uint64_t buffer_used_bytes = 0;
  std::string disk_problem;  // empty: none
  std::uint64_t clients = 0;
  std::uint64_t producers_created = 0;
  std::map<std::string, std::uint64_t> refused;  // by code
};

// From what `ringpost status --json` has printed. Throws when there is no such instance, and when its accepted is not delivered +
// waiting + dead letters, which holds in every reading.
InstanceStatus instance_status(const std::string& status_json, const std::string& instance);

class Daemon {
 public:
  // `instances`: the configuration's [instance.*] tables. `daemon_keys`: lines for its [daemon] table,
  // besides the socket. `environment`: for the program. Starts the daemon and waits until it takes connections; throws
  // with its log when it ends instead.
  explicit Daemon(const std::string& instances, const std::string& daemon_keys = "",
                  std::map<std::string, std::string> environment = {});

  const std::string& socket() const { return socket_; }
  const std::string& config_file() const { return config_file_; }
  // Where it keeps its files, unless the daemon_keys name another folder. Stays from one start to the next.
  std::string state_dir() const { return directory_.file("state"); }
  Process& process() const { return *process_; }
  std::string log() const { return process_->errors(); }

  InstanceStatus status(const std::string& instance) const;
  // Waits until the instance has a broker; throws with what it is instead when it never has.
  void wait_until_connected(const std::string& instance) const;
  // Waits until everything accepted so far is delivered, and that is `count` events.
  void wait_until_delivered(const std::string& instance, std::uint64_t count) const;

  // What `ringpost audit` says against the daemon's books; empty: everything adds up. `under`: a
  // program that runs the command.
  std::string audit(const std::vector<std::string>& under = {}) const;

  // Everything in an embedded cluster's topic, in the order of partition and offset.
  std::vector<Record> consume(const std::string& instance, const std::string& topic) const;

  int stop();    // SIGTERM; the exit code (see Process::wait)
  void kill();   // SIGKILL, and waits for its end
  void start();  // again, after stop() or a kill
  // The same without waiting until it takes connections, and where there is one, as the command of another program.
  void launch(const std::vector<std::string>& under = {});
  // Waits until what was launched takes connections; throws with its log when it ends instead.
  void wait_until_serving() const;
  // What the next start begins with; the socket stays, if it is not given another name in the same folder.
  void configure(const std::string& instances, const std::string& daemon_keys = "",
                 const std::string& socket_name = "ringpost.sock");
  std::map<std::string, std::string>& environment() { return environment_; }  // of the next start

 private:
  std::string status_text() const;

  TemporaryDirectory directory_;
  std::string socket_;
  std::string config_file_;
  std::map<std::string, std::string> environment_;
  std::unique_ptr<Process> process_;
};

}  // namespace ringpost::tests
