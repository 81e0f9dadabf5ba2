#include "tests/support/daemon.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include <boost/json.hpp>

namespace ringpost::tests {
namespace {

bool takes_connections(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  const int probe = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (probe < 0) throw std::system_error(errno, std::generic_category(), "socket");
  const bool connected = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  return connected;
}

std::uint64_t number(const boost::json::object& object, std::string_view name) {
  return object.at(name).to_number<std::uint64_t>();
}

std::string run_command(const std::vector<std::string>& command) {
  const Outcome outcome = run(command);
  if (outcome.status != 0) {
    throw std::runtime_error(command[0] + " " + command[1] + " ended with " + std::to_string(outcome.status) +
                             ": " + outcome.errors);
  }
  return outcome.output;
}

}  // namespace

Daemon::Daemon(const std::string& instances, const std::string& daemon_keys)
    : socket_(directory_.file("ringpost.sock")), config_file_(directory_.file("ringpost.toml")) {
  write_file(config_file_,
             "[daemon]\nsocket = \"" + socket_ + "\"\nlog = \"stderr\"\n" + daemon_keys + "\n" + instances);
  start();
}

void Daemon::start() {
  process_ =
      std::make_unique<Process>(std::vector<std::string>{program("ringpostd"), "--config", config_file_});
  const bool ready = wait_until([this] { return takes_connections(socket_) || !process_->running(); });
  if (!ready || !process_->running()) throw std::runtime_error("ringpostd did not start:\n" + log());
}

int Daemon::stop() {
  process_->signal(SIGTERM);
  return process_->wait();
}

}  // namespace ringpost::tests
