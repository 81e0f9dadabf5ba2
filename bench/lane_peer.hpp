// A handle of the client library whose lanes a process of our own drains: the whole publish path, and nothing of the
// daemon's work behind it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "client-lib/handle.hpp"
#include "ipc/board.hpp"

namespace ringpost::bench {

class LanePeer {
 public:
  static constexpr const char* kInstance = "bench";
  static constexpr const char* kTopic = "orders";

  // The peer drains at its own pace: it naps `nap_us` between its looks at the lanes.
  LanePeer(std::size_t lane_bytes, unsigned lanes, unsigned nap_us);
  ~LanePeer();
  LanePeer(const LanePeer&) = delete;
  LanePeer& operator=(const LanePeer&) = delete;

  ringpost_handle* handle() { return &handle_; }

 private:
  void drain_for_ever(unsigned nap_us);

  ipc::ClientBoardWriter client_board_{1};
  ipc::InstanceBoardWriter instance_board_{kInstance};
  std::vector<ipc::Descriptor> lanes_;
  std::size_t lane_bytes_;
  ringpost_handle handle_;
  std::unique_ptr<client::Client> client_;
  pid_t peer_ = -1;
};

}  // namespace ringpost::bench
