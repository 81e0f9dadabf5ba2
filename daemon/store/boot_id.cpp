#include "daemon/store/boot_id.hpp"

#include <cstddef>
#include <fstream>
#include <string>

namespace ringpost::daemon {

std::array<std::uint8_t, 16> boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::array<std::uint8_t, 16> id{};
  std::size_t digits = 0;
  for (char c = 0; file.get(c) && digits < 2 * id.size();) {
    const std::size_t digit = std::string("0123456789abcdef").find(c);
    if (digit == std::string::npos) continue;  // the dashes
    id[digits / 2] = static_cast<std::uint8_t>(std::size_t{id[digits / 2]} << 4U | digit);
    ++digits;
  }
  return digits == 2 * id.size() ? id : std::array<std::uint8_t, 16>{};
}

}  // namespace ringpost::daemon
