// What a disk says no to is tried again after a while, said once, and shown until it goes.
#pragma once

#include <cstdint>
#include <string>

namespace ringpost::daemon {

class DiskTrouble {
 public:
  // `what` could not be done (errno). Logged when it is new or has changed.
  void failed(int error, const std::string& what, std::int64_t now_ns);
  // It could. Logged when it could not before.
  void succeeded(const std::string& what);

  bool pauses(std::int64_t now_ns) const { return error_ != 0 && now_ns < retry_at_ns_; }
  bool is_there() const { return error_ != 0; }
  const std::string& text() const { return text_; }  // empty: none

 private:
  static constexpr std::int64_t kFirstPauseNs = 500'000'000;
  static constexpr std::int64_t kLongestPauseNs = 5'000'000'000;

  int error_ = 0;
  std::int64_t pause_ns_ = 0;
  std::int64_t retry_at_ns_ = 0;
  std::string text_;
};

}  // namespace ringpost::daemon
