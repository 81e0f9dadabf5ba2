#include "daemon/config/overflow_ids.hpp"

#include <cstdint>
#include <fstream>

namespace ringpost::daemon {
namespace {

constexpr std::uint32_t kDefault = 65534;

std::uint32_t read_id(const char* path) {
  std::ifstream file(path);
  std::uint32_t id = kDefault;
  return file >> id ? id : kDefault;
}

}  // namespace

uid_t overflow_uid() {
  static const uid_t id = read_id("/proc/sys/kernel/overflowuid");
  return id;
}

gid_t overflow_gid() {
  static const gid_t id = read_id("/proc/sys/kernel/overflowgid");
  return id;
}

}  // namespace ringpost::daemon
