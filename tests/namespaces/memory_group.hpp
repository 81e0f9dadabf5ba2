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
  std::uint64_t shared_bytes() const;  // shared memory that is charged to it

 private:
  std::string path_;
};

}  // namespace ringpost::tests
