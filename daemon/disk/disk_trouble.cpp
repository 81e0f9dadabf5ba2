#include "daemon/disk/disk_trouble.hpp"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <system_error>

#include "daemon/config/log.hpp"

namespace ringpost::daemon {

void DiskTrouble::failed(int error, std::string_view what, std::int64_t now_ns) {
  pause_ns_ = error_ == 0 ? kFirstPauseNs : std::min(pause_ns_ * 2, kLongestPauseNs);
  retry_at_ns_ = now_ns + pause_ns_;
  if (error == error_) return;
  error_ = error;
  text_ = fmt::format("instance {}: {}: {}", instance_, what, std::generic_category().message(error));
  const char* const name = ::strerrorname_np(error);
  log_line(
      spdlog::level::err, {.instance = instance_, .error_code = name == nullptr ? "" : name},
      "{}. It is tried again by itself; meanwhile events wait in memory, and calls get BUFFER_FULL when that "
      "is full",
      text_);
}

void DiskTrouble::succeeded(std::string_view what) {
  if (error_ == 0) return;
  error_ = 0;
  text_.clear();
  log_line(spdlog::level::info, {.instance = instance_}, "instance {}: {}: the disk takes it again",
           instance_, what);
}

}  // namespace ringpost::daemon
