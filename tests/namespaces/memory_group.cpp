#include "tests/namespaces/memory_group.hpp"

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

MemoryGroup::MemoryGroup(const std::string& name) {
  const bool is_version1 = std::filesystem::exists(kVersion1 + "/memory.stat");
  if (!is_version1) std::ofstream(kVersion2 + "/cgroup.subtree_control") << "+memory" << std::flush;
  path_ = (is_version1 ? kVersion1 : kVersion2) + "/ringpost-" + name + "-" + std::to_string(::getpid());
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
  // Its last process may not have been reaped yet.
  wait_until([this] { return ::rmdir(path_.c_str()) == 0; });
}

std::vector<std::string> MemoryGroup::around(std::vector<std::string> command) const {
  std::vector<std::string> words{"sh", "-c", "echo $$ > " + path_ + "/cgroup.procs && exec \"$@\"", "sh"};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

std::uint64_t MemoryGroup::shared_bytes() const {
  std::istringstream lines(read_file(path_ + "/memory.stat"));
  std::string name;
  for (std::uint64_t bytes = 0; lines >> name >> bytes;) {
    if (name == "shmem") return bytes;
  }
  throw std::runtime_error(path_ + "/memory.stat has no shmem");
}

}  // namespace ringpost::tests
