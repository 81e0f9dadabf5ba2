#include "daemon/disk/disk_trouble.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "daemon/config/log.hpp"

namespace ringpost::daemon {

void DiskTrouble::failed(int error, const std::string& what, std::int64_t now_ns) {
  pause_ns_ = error_ == 0 ? kFirstPauseNs : std::min(pause_ns_ * 2, kLongestPauseNs);
  retry_at_ns_ = now_ns + pause_ns_;
  if (error == error_) return;
  error_ = error;
  text_ = fmt::format("{}: {}", what, std::generic_category().message(error));
  spdlog::error(
      "{}. It is tried again by itself; meanwhile events wait in memory, and calls get BUFFER_FULL when that "
      "is full",
      text_);
}

void DiskTrouble::succeeded(const std::string& what) {
  if (error_ == 0) return;
  error_ = 0;
  text_.clear();
  spdlog::info("{}: the disk takes it again", what);
}

}  // namespace ringpost::daemon
