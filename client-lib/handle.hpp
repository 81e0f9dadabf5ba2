// What a `ringpost` of the C ABI is.
#pragma once

#include <atomic>
#include <memory>

#include "client-lib/c_api.hpp"
#include "client-lib/client.hpp"
#include "client-lib/failure.hpp"
#include "client-lib/fork_guard.hpp"

struct ringpost_handle {
  ringpost::client::ForkGuard guard;
  // Replaced by a child after a fork only, whose other threads find it by an acquire load.
  std::atomic<ringpost::client::Client*> client{nullptr};
  // A child's parent's: its control thread does not exist here, and its lanes are not mapped. Never taken down.
  ringpost::client::Client* parents = nullptr;
};

namespace ringpost::client {

// The client of this process. nullptr: this is a forked child that has to connect first; the failure is noted.
Client* client_of(const Call& call, ringpost_handle& post);

// UNKNOWN_INSTANCE, with the names that this process may use.
[[gnu::cold]] int fail_unknown_instance(const Call& call, const Client& client);

}  // namespace ringpost::client
