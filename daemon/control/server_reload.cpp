// The server's part of taking another configuration: whether it can, and the stop before the process begins anew (reload.hpp).
#include <chrono>
#include <string>

#include "daemon/config/log.hpp"
#include "daemon/control/server.hpp"
#include "daemon/control/signals.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::chrono::milliseconds kKeeperPause{5};

}  // namespace

void Server::reload() {
  if (!reload_.judge(state_.config.daemon) || !can_reload()) return refuse_reload();
  // What comes from now on is for the process that has begun anew: it waits in the kernel until that asks.
  block_signals();
  reloads_ = true;
  told_to_stop_ns_ = ipc::monotonic_ns();
  spdlog::info("SIGHUP: {} is good, and ringpostd begins anew with it", reload_.path());
  stop();
}

// Only what no call notices is called a reload.
bool Server::can_reload() {
  if (!state_.custody.has_keeper()) {
    reload_.refuse(
        "the configuration is good, but without a keeper calls would fail while it is taken, as at a "
        "restart: restart "
        "ringpostd, or have ringpost-keeper run");
  } else if (!state_.custody.survives_a_crash()) {
    reload_.refuse("the configuration is good, but the keeper is away: reload again when it is back");
  } else if (!state_.custody.keeper().takes_again()) {
    reload_.refuse(
        "the configuration is good, but the keeper that runs is of an older version, which has to see the "
        "end of this "
        "process: restart ringpostd");
  }
  return reload_.problems().empty();
}

void Server::refuse_reload() {
  state_.configuration_problems = reload_.problems();
  ++state_.reloads_refused;
  for (const std::string& problem : state_.configuration_problems)
    spdlog::error("SIGHUP: not taken: {}", problem);
  service_manager_.reload_refused();
}

// What it was asked for it has, before this process forgets that it asked. stop_overdue() is the limit.
void Server::wait_for_keeper() {
  if (state_.custody.keeper().is_settled()) return io_.stop();
  house_keeping_.expires_after(kKeeperPause);
  house_keeping_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) wait_for_keeper();
  });
}

}  // namespace ringpost::daemon
