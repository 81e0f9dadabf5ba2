#include "tests/namespaces/memory_group.hpp"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

const std::string kVersion1 = "/sys/fs/cgroup/memory";
const std::string kVersion2 = "/sys/fs/cgroup";

}  // namespace

MemoryGroup::MemoryGroup(const std::string& name)
    : is_version1_(std::filesystem::exists(kVersion1 + "/memory.stat")) {
  if (!is_version1_) std::ofstream(kVersion2 + "/cgroup.subtree_control") << "+memory" << std::flush;
  path_ = (is_version1_ ? kVersion1 : kVersion2) + "/ringpost-" + name + "-" + std::to_string(::getpid());
  std::error_code why;
  std::filesystem::create_directory(path_, why);
  if (why || !std::filesystem::exists(path_ + "/memory.stat")) {
    throw std::runtime_error(
        "this machine gives no memory cgroups (" + path_ +
        "), which this test needs: run it "
        "as root, with the controller \"memory\" in cgroup.subtree_control of the root, and in a "
        "container as --privileged --cgroupns=host");
  }
}

MemoryGroup::~MemoryGroup() {
  kill();
  // Its last process may not have been reaped yet.
  wait_until([this] { return ::rmdir(path_.c_str()) == 0; });
}

std::vector<std::string> MemoryGroup::around(std::vector<std::string> command) const {
  std::vector<std::string> words{"sh", "-c", "echo $$ > " + path_ + "/cgroup.procs && exec \"$@\"", "sh"};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::uint64_t MemoryGroup::shared_bytes() const { return count_in("memory.stat", "shmem"); }

std::uint64_t MemoryGroup::largest_bytes() const {
  return std::stoull(read_file(file("memory.max_usage_in_bytes", "memory.peak")));
}

void MemoryGroup::limit(std::uint64_t bytes) const {
  write_file(file("memory.limit_in_bytes", "memory.max"), std::to_string(bytes));
}

std::uint64_t MemoryGroup::killed() const {
  return count_in(is_version1_ ? "memory.oom_control" : "memory.events", "oom_kill");
}

void MemoryGroup::kill() const {
  wait_until([this] {
    std::istringstream numbers(read_file(path_ + "/cgroup.procs"));
    bool empty = true;
    for (pid_t process = 0; numbers >> process; empty = false) ::kill(process, SIGKILL);
    return empty;
  });
}

std::string MemoryGroup::file(const char* in_version1, const char* in_version2) const {
  return path_ + "/" + (is_version1_ ? in_version1 : in_version2);
}

std::uint64_t MemoryGroup::count_in(const std::string& file, const std::string& name) const {
  std::istringstream words(read_file(path_ + "/" + file));
  std::string word;
  for (std::uint64_t count = 0; words >> word >> count;) {
    if (word == name) return count;
  }
  throw std::runtime_error(path_ + "/" + file + " has no " + name);
}

}  // namespace ringpost::tests
