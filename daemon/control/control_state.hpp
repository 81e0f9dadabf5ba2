// What the connections of one daemon have in common. The control thread's alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "daemon/config/config.hpp"
#include "daemon/control/census.hpp"
#include "daemon/control/status.hpp"
#include "daemon/control/undertaker.hpp"
#include "daemon/instance/instance.hpp"

namespace ringpost::daemon {

struct ControlState {
  ControlState(boost::asio::io_context& io_context, const Config& configuration, const CensusLimits& limits)
      : io(io_context), config(configuration), census(limits), status(io_context, instances) {}

  boost::asio::io_context& io;
  const Config& config;
  Census census;
  Undertaker undertaker;
  bool stopping = false;
  std::uint64_t last_client_id = 0;  // ids are never used again: nothing of a client outlives this process
  std::uint64_t last_lane_id = 0;
  std::uint64_t protocol_errors = 0;  // connections that were ended for breaking the protocol
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

  // In the order of the configuration, which is the protocol's index. Their threads post to `io`.
  std::vector<std::unique_ptr<Instance>> instances;
  StatusRounds status;
};

}  // namespace ringpost::daemon
