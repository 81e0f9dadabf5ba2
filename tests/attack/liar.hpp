// A client that keeps to the layout of its lane and lies about everything else: above all about the time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ipc/lane_layout.hpp"
#include "ipc/shared_memory.hpp"
#include "tests/control/raw_client.hpp"

namespace ringpost::tests {

class Liar {
 public:
  explicit Liar(const std::string& socket);

  // Writes an event without key with that stamp behind what lies in the lane. False: no room.
  bool write(std::string_view topic, std::string_view message, std::int64_t stamp_ns);
  // Shows what was written.
  void show();
  std::uint64_t written() const { return sequence_; }

 private:
  ipc::LaneHeader& header() { return *static_cast<ipc::LaneHeader*>(page_.get_address()); }

  RawClient client_;
  std::size_t capacity_bytes_;
  ipc::Mapping page_;
  ipc::MirroredMapping ring_;
  std::uint64_t tail_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace ringpost::tests
