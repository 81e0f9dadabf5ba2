// Containers as runtimes make them, by util-linux' unshare and nsenter alone: each has pid, mount, user, net, ipc and uts
// namespaces of its own. For root, who may map ids.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/process.hpp"

namespace ringpost::tests {

// Throws where this machine permits none, and says what to permit.
void require_containers();

// Ids of a user namespace, and which they are outside.
struct IdRange {
  std::uint32_t inside = 0;
  std::uint32_t outside = 100'000;
  std::uint32_t count = 65'536;  // with all that Debian's users and groups have
};

// A folder outside that is to be seen at another path inside.
struct BindMount {
  std::string from;
  std::string to;  // below /run, which is empty inside
  bool read_only = false;
};

struct ContainerSpec {
  std::vector<std::string> command;  // its first process
  std::vector<BindMount> mounts;
  IdRange ids;
  std::string user = "0";    // inside; the number of its group, too
  std::string groups;        // its supplementary ones, "2005,2006"; none without
  pid_t network = 0;         // whose it shares; 0: one of its own, with a loopback alone
  std::string before = ":";  // what the shell does before the command, as root inside
  std::map<std::string, std::string> environment;
  bool hold_standard_input = false;
};

class Container {
 public:
  explicit Container(const ContainerSpec& spec);
  ~Container();  // kills it when it still runs
  Container(const Container&) = delete;
  Container& operator=(const Container&) = delete;

  pid_t first() const;  // its first process, which is 1 inside; 0: it has ended
  void signal(int number) const;
  bool running() { return process_->running(); }
  // The first process's exit code, or minus the signal that ended it.
  int wait() { return process_->wait(); }
  void kill();  // SIGKILL to the first process, and waits until all are gone

  Process& process() { return *process_; }
  std::string log() const { return process_->errors(); }
  // "user:[4026531837]": which it has of "pid", "mnt", "user", "net", "ipc".
  std::string namespace_of(const std::string& kind) const;
  // A command inside, beside the first process, as root there.
  Outcome exec(const std::vector<std::string>& command) const;

 private:
  std::unique_ptr<Process> users_;  // holds the user namespace while it has nobody else
  std::unique_ptr<Process> process_;
};

// The processes that have this parent, as the machine sees them.
std::vector<pid_t> children_of(pid_t parent);

}  // namespace ringpost::tests
