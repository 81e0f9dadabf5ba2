#include "tests/namespaces/container.hpp"

#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace ringpost::tests {
namespace {

std::string link_of(pid_t pid, const std::string& kind) {
  std::error_code gone;
  return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/" + kind, gone).string();
}

void write_map(pid_t pid, const char* name, const IdRange& ids) {
  std::ofstream file("/proc/" + std::to_string(pid) + "/" + name);
  file << ids.inside << ' ' << ids.outside << ' ' << ids.count << std::endl;
  if (!file) throw std::runtime_error(std::string(name) + " of a user namespace can't be written");
}

std::unique_ptr<Process> make_users(const IdRange& ids) {
  require_containers();
  auto holder =
      std::make_unique<Process>(std::vector<std::string>{"unshare", "--user", "--", "sleep", "600"});
  const auto has_its_own = [&] {
    return !holder->running() || link_of(holder->pid(), "user") != link_of(::getpid(), "user");
  };
  if (!wait_until(has_its_own) || !holder->running()) throw std::runtime_error(holder->errors());
  write_map(holder->pid(), "uid_map", ids);
  write_map(holder->pid(), "gid_map", ids);
  return holder;
}

// For the shell that is the first process until the command is.
std::string set_up(const ContainerSpec& spec) {
  std::string script = "set -e; mount -t tmpfs -o mode=755 none /run; ";
  for (const BindMount& mount : spec.mounts) {
    script += "mkdir -p " + mount.to + "; mount --bind " + mount.from + ' ' + mount.to + "; ";
    if (mount.read_only) script += "mount -o remount,bind,ro " + mount.to + "; ";
  }
  if (spec.network == 0) script += "ip link set lo up; ";
  script += spec.before + "; ";
  if (spec.user == "0" && spec.groups.empty()) return script + "exec \"$@\"";
  const std::string groups = spec.groups.empty() ? "--clear-groups" : "--groups=" + spec.groups;
  // Another user forgets that it is to die with its parent.
  return script + "exec setpriv --reuid=" + spec.user + " --regid=" + spec.user + ' ' + groups +
         " --pdeathsig=KILL -- \"$@\"";
}

std::vector<std::string> words_of(const ContainerSpec& spec, pid_t users) {
  std::vector<std::string> words;
  if (spec.network != 0) {
    words = {"nsenter", "--net=/proc/" + std::to_string(spec.network) + "/ns/net", "--"};
  }
  const std::vector<std::string> own{"nsenter",      "--user=/proc/" + std::to_string(users) + "/ns/user",
                                     "--",           "unshare",
                                     "--pid",        "--fork",
                                     "--kill-child", "--mount",
                                     "--mount-proc", "--ipc",
                                     "--uts"};
  words.insert(words.end(), own.begin(), own.end());
  if (spec.network == 0) words.emplace_back("--net");
  const std::vector<std::string> shell{"--", "sh", "-c", set_up(spec), "sh"};
  words.insert(words.end(), shell.begin(), shell.end());
  words.insert(words.end(), spec.command.begin(), spec.command.end());
  return words;
}

}  // namespace

void require_containers() {
  const Outcome outcome = run({"unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount",
                               "--mount-proc", "--net", "--ipc", "--uts", "--", "true"});
  if (::geteuid() == 0 && outcome.status == 0) return;
  throw std::runtime_error((::geteuid() == 0 ? outcome.errors : "You are not root.\n") +
                           "This machine permits no containers, which this test needs: run it as root, with "
                           "user.max_user_namespaces "
                           "(sysctl) above 0, and in a container as --privileged");
}

std::vector<pid_t> children_of(pid_t parent) {
  const std::string number = std::to_string(parent);
  std::istringstream text(read_file("/proc/" + number + "/task/" + number + "/children"));
  std::vector<pid_t> children;
  for (pid_t child = 0; text >> child;) children.push_back(child);
  return children;
}

Container::Container(const ContainerSpec& spec)
    : users_(make_users(spec.ids)),
      process_(std::make_unique<Process>(words_of(spec, users_->pid()),
                                         ProcessOptions{.standard_input = "",
                                                        .hold_standard_input = spec.hold_standard_input,
                                                        .environment = spec.environment})) {
  // What fails before it has a first process is what the machine does not permit.
  wait_until([this] { return first() != 0 || !process_->running(); });
}

Container::~Container() { kill(); }

pid_t Container::first() const {
  const std::vector<pid_t> children = children_of(process_->pid());
  return children.empty() ? 0 : children.front();
}

void Container::signal(int number) const {
  if (const pid_t pid = first(); pid != 0) ::kill(pid, number);
}

void Container::kill() {
  signal(SIGKILL);
  wait();
}

std::string Container::namespace_of(const std::string& kind) const { return link_of(first(), kind); }

Outcome Container::exec(const std::vector<std::string>& command) const {
  std::vector<std::string> words{
      "nsenter", "--target", std::to_string(first()), "--user", "--pid", "--mount", "--net", "--ipc",
      "--uts",   "--"};
  words.insert(words.end(), command.begin(), command.end());
  return run(words);
}

}  // namespace ringpost::tests
