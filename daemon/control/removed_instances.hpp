// Instances that are not in the configuration any more and of which something is left: with the keeper, or in the spool.
#pragma once

#include <string>
#include <vector>

#include "daemon/config/config.hpp"
#include "daemon/control/estate.hpp"
#include "daemon/store/state_directory.hpp"

namespace ringpost::daemon {

// `state`: null where there is none; then what is on disk stays there.

// Takes those out of the estate that nothing is left of, and returns the keeper's names of what they had.
std::vector<std::string> take_emptied(Estate& estate, const Config& config, const StateDirectory* state);

// A configuration for each of the others: it has no topics and no brokers, and lets nobody in.
std::vector<InstanceConfig> removed_instances(const Estate& estate, const Config& config,
                                              const StateDirectory* state);

}  // namespace ringpost::daemon
