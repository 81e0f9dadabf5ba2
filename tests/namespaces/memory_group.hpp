// A memory cgroup of the test's own, by whichever version this machine has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringpost::tests {

class MemoryGroup {
 public:
  explicit MemoryGroup(const std::string& name);  // throws, and says what to permit
  ~MemoryGroup();
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  // The command, in this group from its first instruction on.
  std::vector<std::string> around(std::vector<std::string> command) const;
  std::uint64_t shared_bytes() const;     // shared memory that is charged to it
  std::uint64_t largest_bytes() const;    // the most that was, of all kinds
  void limit(std::uint64_t bytes) const;  // who wants more is killed
  std::uint64_t killed() const;           // so many were
  void kill() const;                      // all that are in it

 private:
  std::uint64_t count_in(const std::string& file, const std::string& name) const;
  std::string file(const char* in_version1, const char* in_version2) const;

  bool is_version1_;
  std::string path_;
};

}  // namespace ringpost::tests
