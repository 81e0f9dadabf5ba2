#include "tests/namespaces/pod.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <system_error>

#include "tests/attack/account.hpp"
#include "tests/attack/shared_file.hpp"
#include "tests/support/kcat.hpp"

namespace ringpost::tests {
namespace {

const IdRange kPodIds{};

// {"n":123,"by":...} -> 123
std::uint32_t number_of(const std::string& message) {
  return static_cast<std::uint32_t>(std::stoul(message.substr(message.find(':') + 1)));
}

}  // namespace

Pod::Pod() {
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  make_folder("run", kPodIds);
  make_folder("volume", kPodIds);
  make_folder("accounts", kHostIds);
  write_config(kafkaid());
}

std::vector<std::string> Pod::in_a_network_of_its_own() {
  require_containers();
  return {"unshare", "--net", "--", "sh", "-c", "ip link set lo up; exec \"$@\"", "sh"};
}

std::string Pod::make_folder(const std::string& name, const IdRange& owner) const {
  const std::string path = directory_.file(name);
  std::filesystem::create_directory(path);
  if (::chown(path.c_str(), owner.outside, owner.outside) != 0)
    throw std::system_error(errno, std::generic_category(), "chown " + path + " (these tests need root)");
  return path;
}

std::string Pod::kafkaid() const {
  return "[instance.kafkaid]\nbrokers = [\"" + kafka_.brokers() + "\"]\ntopics = [\"orders\"]\n";
}

void Pod::write_config(const std::string& instances, const std::string& stop_timeout) {
  // A folder in the volume: the volume's own may be anybody's, as runtimes mount it.
  write_file(folder("ringpost.toml"), "[daemon]\nstate_dir = \"/run/volume/state\"\nstop_timeout = \"" +
                                          stop_timeout + "\"\n" + instances);
}

void Pod::start() {
  ContainerSpec spec;
  spec.command = {program("ringpost-keeper"), "--", program("ringpostd"), "--config",
                  folder("ringpost.toml")};
  spec.mounts = {{folder("run"), "/run/ringpost"}, {folder("volume"), "/run/volume"}};
  spec.network = kafka_.pid();
  daemon_ = std::make_unique<Container>(spec);
  const auto serves = [this] {
    return daemon_->log().find(" serves ") != std::string::npos || !daemon_->running();
  };
  if (!wait_until(serves) || !daemon_->running())
    throw std::runtime_error("ringpostd did not start:\n" + daemon_->log());
  if (!wait_until([this] { return status().state == "connected"; }))
    throw std::runtime_error("ringpostd has no Kafka:\n" + daemon_->log());
}

pid_t Pod::ringpostd() const {
  const std::vector<pid_t> children = children_of(daemon_->first());
  return children.empty() ? 0 : children.front();
}

ContainerSpec Pod::host(std::vector<std::string> command) const {
  ContainerSpec spec;
  spec.command = std::move(command);
  // To connect to a socket needs no right to write to its file system.
  spec.mounts = {{folder("run"), "/run/ringpost", true}, {folder("accounts"), "/run/accounts"}};
  spec.ids = kHostIds;
  return spec;
}

ContainerSpec Pod::publisher(const std::string& name, std::uint32_t events, std::uint32_t pause_us) const {
  return host({program("accountable_publisher"), "/run/ringpost/ringpost.sock", "/run/accounts/" + name,
               "orders", name, "1", std::to_string(events), "100", "until-killed", "kafkaid",
               std::to_string(pause_us)});
}

std::string Pod::accounts_file(const std::string& name) const { return folder("accounts/" + name); }

std::uint32_t Pod::accepted(const std::string& name) const {
  if (!std::filesystem::exists(accounts_file(name))) return 0;
  return SharedFile<Accounts>(accounts_file(name))->of_thread[0].accepted;
}

std::uint32_t Pod::attempted(const std::string& name) const {
  return SharedFile<Accounts>(accounts_file(name))->of_thread[0].attempted;
}

std::string Pod::status_json() const {
  Outcome outcome;
  // While the daemon is away the command waits for it, and gives up after some seconds.
  const auto answered = [&] {
    outcome = daemon_->exec({program("ringpost"), "status", "--json"});
    return outcome.status == 0 || !daemon_->running();
  };
  if (!wait_until(answered) || outcome.status != 0) throw std::runtime_error(outcome.errors + daemon_->log());
  return outcome.output;
}

InstanceStatus Pod::status() const { return instance_status(status_json(), "kafkaid"); }

void Pod::wait_until_delivered(std::uint64_t count) const {
  InstanceStatus now;
  const auto delivered = [&] {
    now = status();
    return now.delivered >= count && now.waiting == 0;
  };
  if (!wait_until(delivered))
    throw std::runtime_error(std::to_string(now.delivered) + " delivered\n" + daemon_->log());
}

std::vector<Record> Pod::records() const {
  return read_with_kcat(kafka_.brokers(), "orders", {},
                        {"nsenter", "--net=/proc/" + std::to_string(kafka_.pid()) + "/ns/net", "--"});
}

std::string Pod::what_is_wrong_with(const std::string& name) const {
  std::set<std::string> identities;
  std::uint32_t next = 0;
  for (const Record& record : records()) {
    if (record.key != name + "/0" || !identities.insert(record.header("ringpost-id").value_or("")).second)
      continue;
    if (number_of(record.message) != next)
      return std::to_string(next) + " was to come, not " + record.message;
    ++next;
  }
  if (next >= accepted(name) && next <= attempted(name)) return {};
  return std::to_string(next) + " arrived, and " + std::to_string(accepted(name)) + " were accepted";
}

}  // namespace ringpost::tests
