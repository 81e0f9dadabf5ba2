// What a disk says no to is tried again after a while, said once, and shown until it goes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ringpost::daemon {

class DiskTrouble {
 public:
  explicit DiskTrouble(std::string instance) : instance_(std::move(instance)) {}

  // `what`, in words, with an errno. Logged when it is new or has changed.
  void failed(int error, std::string_view what, std::int64_t now_ns);
  // It could. Logged when it could not before.
  void succeeded(std::string_view what);

  bool pauses(std::int64_t now_ns) const { return error_ != 0 && now_ns < retry_at_ns_; }
  bool is_there() const { return error_ != 0; }
  const std::string& text() const { return text_; }  // empty: none

 private:
  static constexpr std::int64_t kFirstPauseNs = 500'000'000;
  static constexpr std::int64_t kLongestPauseNs = 5'000'000'000;

  const std::string instance_;
  int error_ = 0;
  std::int64_t pause_ns_ = 0;
  std::int64_t retry_at_ns_ = 0;
  std::string text_;
};

}  // namespace ringpost::daemon
