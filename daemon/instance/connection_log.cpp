#include "daemon/instance/connection_log.hpp"

#include <utility>

#include "daemon/config/log.hpp"
#include "ipc/clock.hpp"

#define RINGPOST_NO_HANDLE_NAME  // `ringpost` is the namespace here
#include "client-lib/ringpost.h"

namespace ringpost::daemon {

ConnectionLog::ConnectionLog(std::string instance, std::string brokers)
    : instance_(std::move(instance)), brokers_(std::move(brokers)) {}

// What its calls may get meanwhile.
LogFields ConnectionLog::not_connected() const {
  return {.instance = instance_, .error_code = ::ringpost_error_name(RINGPOST_NOT_CONNECTED)};
}

void ConnectionLog::note(const kafka::Connection& connection) {
  if (connection.connected != connected_) note_change(connection);
  if (connection.unreachable != unreachable_) {
    unreachable_ = connection.unreachable;
    if (!unreachable_.empty()) {
      log_limited(spdlog::level::warn, instance_ + "/degraded", {.instance = instance_},
                  "instance {}: degraded, events for these brokers wait: {}", instance_, unreachable_);
    } else if (connected_) {
      log_line(spdlog::level::info, {.instance = instance_}, "instance {}: no longer degraded", instance_);
    }
  }
  if (connection.troubles.news() != troubles_told_) tell_troubles(connection.troubles);
  if (connection.credentials_problem != credentials_problem_) {
    credentials_problem_ = connection.credentials_problem;
    if (!credentials_problem_.empty())
      log_limited(spdlog::level::warn, instance_ + "/credentials", {.instance = instance_},
                  "instance {}: what its secrets and certificates are now is not used: {}", instance_,
                  credentials_problem_);
  }
  if (connection.credentials_taken != credentials_taken_) {
    credentials_taken_ = connection.credentials_taken;
    log_line(
        spdlog::level::info, {.instance = instance_},
        "instance {}: its secrets and certificates have changed; connections use the new ones from now on",
        instance_);
  }
  // While one broker is there, that the connection to another has ended is no news: brokers end idle ones.
  if (connected_ || connection.last_error == cause_) return;
  cause_ = connection.last_error;
  log_limited(spdlog::level::warn, instance_ + "/unreachable", not_connected(),
              "instance {}: not connected to Kafka: {}", instance_, cause_);
}

void ConnectionLog::tell_troubles(const kafka::Troubles& troubles) {
  for (const kafka::Trouble& trouble : troubles.since(std::exchange(troubles_told_, troubles.news()))) {
    log_limited(
        spdlog::level::warn, instance_ + "/trouble",
        {.instance = instance_, .topic = trouble.topic, .error_code = kafka::error_name(trouble.code)},
        "instance {}: not taken by Kafka: {}", instance_, trouble.text);
  }
}

void ConnectionLog::note_change(const kafka::Connection& connection) {
  connected_ = connection.connected;
  cause_.clear();
  if (!connected_) {
    disconnected_since_ns_ = connection.disconnected_since_ns;
    log_limited(spdlog::level::warn, instance_ + "/disconnected", not_connected(),
                "instance {}: no broker can be reached any more; events wait", instance_);
  } else if (std::exchange(was_connected_, true)) {
    log_line(spdlog::level::info, {.instance = instance_},
             "instance {}: connected to Kafka again, after {:.1f} s", instance_,
             static_cast<double>(ipc::monotonic_ns() - disconnected_since_ns_) / 1e9);
  } else {
    log_line(spdlog::level::info, {.instance = instance_}, "instance {}: connected to Kafka ({})", instance_,
             brokers_);
  }
}

}  // namespace ringpost::daemon
