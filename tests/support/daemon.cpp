#include "tests/support/daemon.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

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

// What the command printed; its failure is the test's.
std::string output_of(const std::vector<std::string>& command) {
  const Outcome outcome = run(command);
  if (outcome.status != 0) {
    throw std::runtime_error(command[0] + " " + command[1] + " ended with " + std::to_string(outcome.status) +
                             ":\n" + outcome.errors);
  }
  return outcome.output;
}

std::uint64_t count(const boost::json::value& object, std::string_view name) {
  return object.at(name).to_number<std::uint64_t>();
}

InstanceStatus status_of(const boost::json::value& object) {
  InstanceStatus status;
  status.state = object.at("state").as_string();
  status.clients = count(object, "clients");
  status.producers_created = count(object, "producers_created");
  status.accepted = count(object, "accepted");
  status.delivered = count(object, "delivered");
  status.waiting = count(object, "waiting");
  status.waiting_on_disk = count(object, "waiting_on_disk");
  status.buffer_bytes = count(object, "buffer_bytes");
  status.buffer_used_bytes = count(object, "buffer_used_bytes");
  status.dead_letters = count(object, "dead_letters");
  status.disk_problem = object.at("disk").at("problem").as_string();
  for (const auto& [code, refused] : object.at("refused").as_object()) {
    status.refused.emplace(code, refused.to_number<std::uint64_t>());
  }
  return status;
}

std::string describe(const std::string& instance, const InstanceStatus& status) {
  std::ostringstream text;
  text << instance << " is " << status.state << ": accepted " << status.accepted << ", delivered "
       << status.delivered << ", waiting " << status.waiting << ", dead letters " << status.dead_letters;
  return text.str();
}

// Text, or for what is not UTF-8 the base64 of it; the tests that need such bytes read with kcat.
std::string text_of(const boost::json::value& object, std::string_view name) {
  return std::string(object.at(name).as_string());
}

Record record_of(const boost::json::value& object) {
  Record record;
  record.partition = object.at("partition").to_number<std::int64_t>();
  record.offset = object.at("offset").to_number<std::int64_t>();
  if (!object.at("key").is_null()) record.key = text_of(object, "key");
  record.message = text_of(object, "message");
  for (const boost::json::value& header : object.at("headers").as_array()) {
    record.headers.emplace_back(text_of(header, "name"), text_of(header, "value"));
  }
  return record;
}

}  // namespace

Daemon::Daemon(const std::string& instances, const std::string& daemon_keys,
               std::map<std::string, std::string> environment)
    : config_file_(directory_.file("ringpost.toml")), environment_(std::move(environment)) {
  configure(instances, daemon_keys);
  start();
}

void Daemon::configure(const std::string& instances, const std::string& daemon_keys,
                       const std::string& socket_name) {
  socket_ = directory_.file(socket_name);
  std::string daemon = "[daemon]\nsocket = \"" + socket_ + "\"\nlog = \"stderr\"\n" + daemon_keys + "\n";
  if (daemon_keys.find("state_dir") == std::string::npos) {
    daemon += "state_dir = \"" + state_dir() + "\"\n";
  }
  write_file(config_file_, daemon + instances);
}

void Daemon::launch(const std::vector<std::string>& under) {
  ProcessOptions options;
  options.environment = environment_;
  std::vector<std::string> command = under;
  command.insert(command.end(), {program("ringpostd"), "--config", config_file_});
  process_ = std::make_unique<Process>(command, options);
}

void Daemon::start() {
  launch();
  wait_until_serving();
}

void Daemon::wait_until_serving() const {
  // With a keeper the socket takes connections before anybody serves them.
  const bool ready = wait_until([this] {
    return (takes_connections(socket_) && log().find(" serves ") != std::string::npos) ||
           !process_->running();
  });
  if (!ready || !process_->running()) throw std::runtime_error("ringpostd did not start:\n" + log());
}

int Daemon::stop() {
  process_->signal(SIGTERM);
  return process_->wait();
}

void Daemon::kill() {
  process_->signal(SIGKILL);
  process_->wait();
}

// The command gives up after some seconds, which a daemon on a loaded machine may take to come up: the tests' own deadline
// is what counts.
// Of a machine that is full: an instance that has not answered yet is shown with what it said last, which may be nothing.
std::string Daemon::status_text() const {
  Outcome outcome;
  const auto answered = [&] {
    outcome = run({program("ringpost"), "status", "--json", "--socket", socket_});
    return outcome.errors.find("did not answer within") == std::string::npos &&
           outcome.output.find(R"("state":"not_answering")") == std::string::npos;
  };
  wait_until(answered);
  if (outcome.status != 0) throw std::runtime_error("ringpost status:\n" + outcome.errors + log());
  return outcome.output;
}

std::string Daemon::audit(const std::vector<std::string>& under) const {
  std::vector<std::string> command = under;
  command.insert(command.end(), {program("ringpost"), "audit", "--config", config_file_});
  const Outcome outcome = run(command);
  return outcome.status == 0 ? "" : outcome.output + outcome.errors;
}

InstanceStatus instance_status(const std::string& text, const std::string& instance) {
  const boost::json::value root = boost::json::parse(text);
  for (const boost::json::value& object : root.at("instances").as_array()) {
    if (object.at("name").as_string() != instance) continue;
    const InstanceStatus status = status_of(object);
    if (status.accepted != status.delivered + status.waiting + status.dead_letters) {
      throw std::runtime_error("the counts do not add up: " + describe(instance, status));
    }
    return status;
  }
  throw std::runtime_error("status shows no instance " + instance + ":\n" + text);
}

InstanceStatus Daemon::status(const std::string& instance) const {
  return instance_status(status_text(), instance);
}

void Daemon::wait_until_connected(const std::string& instance) const {
  InstanceStatus now;
  const auto connected = [&] { return (now = status(instance)).state == "connected"; };
  if (!wait_until(connected)) throw std::runtime_error(describe(instance, now) + "\n" + log());
}

void Daemon::wait_until_delivered(const std::string& instance, std::uint64_t count) const {
  InstanceStatus now;
  const auto delivered = [&] {
    now = status(instance);
    return now.delivered == count && now.waiting == 0;
  };
  if (!wait_until(delivered)) throw std::runtime_error(describe(instance, now) + "\n" + log());
}

std::vector<Record> Daemon::consume(const std::string& instance, const std::string& topic) const {
  std::istringstream lines(output_of({program("ringpost"), "consume", "--socket", socket_, instance, topic,
                                      "--from", "beginning", "--until-end", "--json"}));
  std::vector<Record> records;
  for (std::string line; std::getline(lines, line);) records.push_back(record_of(boost::json::parse(line)));
  return records;
}

}  // namespace ringpost::tests
