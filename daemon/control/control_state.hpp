// What the connections of one daemon have in common. The control thread's alone.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "daemon/config/config.hpp"
#include "daemon/control/census.hpp"
#include "daemon/control/custody.hpp"
#include "daemon/control/status.hpp"
#include "daemon/control/undertaker.hpp"
#include "daemon/instance/instance.hpp"
#include "ipc/frames.hpp"

namespace ringpost::daemon {

struct ControlState {
  ControlState(boost::asio::io_context& io_context, Config configuration, const CensusLimits& limits,
               Custody& custody_of_descriptors)
      : io(io_context),
        config(std::move(configuration)),
        census(limits),
        custody(custody_of_descriptors),
        source(instances),
        status(io_context, source) {}

  boost::asio::io_context& io;
  // Behind the configured instances come those that are not configured any more (removed_instances.hpp): clients are told
  // of the first `configured` only.
  Config config;
  std::uint32_t configured = 0;
  Census census;
  Undertaker undertaker;
  Custody& custody;
  bool lanes_elsewhere = false;  // the keeper holds lanes of instances that are not served here
  std::uint64_t generation = 0;  // which daemon this is, as the keeper counts; 0: there is none
  bool stopping = false;
  // Reloads that were refused, and why the last was: the file holds what is not in force. Empty: as far as is known, it is.
  std::uint64_t reloads_refused = 0;
  std::vector<std::string> configuration_problems;
  // Never used again while anything of them is left, in this process or in what it inherits.
  std::uint64_t last_client_id = 0;
  std::uint64_t last_lane_id = 0;
  std::uint64_t protocol_errors = 0;  // connections that were ended for breaking the protocol
  std::array<std::uint64_t, ipc::kRefusalCount> refused{};  // what was said no to, by name
  // Users and instances, by index, of which the log has said that one may not use the other. So many at the most.
  static constexpr std::size_t kDenialsMax = 1024;
  std::set<std::pair<uid_t, std::uint32_t>> denials;
  const std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

  // In the order of `config.instances`, which is the protocol's index. Their threads post to `io`.
  std::vector<std::unique_ptr<Instance>> instances;
  InstanceReadings source;
  StatusRounds status;
};

}  // namespace ringpost::daemon
