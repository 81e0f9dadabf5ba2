// A group of processes whose memory the kernel counts and bounds: a cgroup of the memory controller, of version 1 or 2, whichever the
// machine has.
#pragma once

#include <signal.h>

#include <cstdint>
#include <filesystem>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/process.hpp"

namespace ringpost::tests {

class MemoryGroup {
 public:
  // Throws, with what to do, where the machine lets nobody make one.
  explicit MemoryGroup(const std::string& name) {
    const auto [root, version] = controller();
    version_ = version;
    path_ = root + "/" + name;
    std::error_code why;
    std::filesystem::create_directory(path_, why);
    if (why) {
      throw std::runtime_error("can't make " + path_ + ": " + why.message() +
                               "; run as root, in a container with its cgroups mounted read-write");
    }
  }
  ~MemoryGroup() {
    kill();
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  // What runs a command in it.
  std::vector<std::string> command() const {
    return {"bash", "-c", "echo $$ > " + path_ + R"(/cgroup.procs && exec "$@")", "in-group"};
  }

  // All that are in it, until nobody is.
  void kill() const {
    wait_until([this] {
      std::istringstream numbers(read_file(path_ + "/cgroup.procs"));
      bool empty = true;
      for (pid_t process = 0; numbers >> process; empty = false) ::kill(process, SIGKILL);
      return empty;
    });
  }

  // Who wants more is killed.
  void limit(std::uint64_t bytes) const {
    write_file(path_ + (version_ == 1 ? "/memory.limit_in_bytes" : "/memory.max"), std::to_string(bytes));
  }

  std::uint64_t shared_bytes() const { return count_in("/memory.stat", "shmem"); }
  std::uint64_t largest_bytes() const {
    return std::stoull(read_file(path_ + (version_ == 1 ? "/memory.max_usage_in_bytes" : "/memory.peak")));
  }
  std::uint64_t killed() const {
    return count_in(version_ == 1 ? "/memory.oom_control" : "/memory.events", "oom_kill");
  }

 private:
  static std::pair<std::string, int> controller() {
    std::istringstream mounts(read_file("/proc/self/mounts"));
    for (std::string line; std::getline(mounts, line);) {
      std::istringstream words(line);
      std::string device;
      std::string place;
      std::string type;
      std::string options;
      words >> device >> place >> type >> options;
      if (type == "cgroup" && ("," + options + ",").find(",memory,") != std::string::npos) return {place, 1};
      if (type == "cgroup2" && read_file(place + "/cgroup.controllers").find("memory") != std::string::npos) {
        write_file(place + "/cgroup.subtree_control", "+memory");
        return {place, 2};
      }
    }
    throw std::runtime_error(
        "no cgroup of the memory controller is mounted: mount -t cgroup2 none /sys/fs/cgroup");
  }

  std::uint64_t count_in(const std::string& file, const std::string& name) const {
    std::istringstream words(read_file(path_ + file));
    std::string word;
    for (std::uint64_t count = 0; words >> word >> count;) {
      if (word == name) return count;
    }
    throw std::runtime_error(path_ + file + " says nothing of " + name);
  }

  std::string path_;
  int version_ = 0;
};

}  // namespace ringpost::tests
