#include "daemon/command/reload_command.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <thread>

#include "daemon/command/exit_codes.hpp"
#include "daemon/command/status_client.hpp"
#include "daemon/command/status_reading.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::chrono::milliseconds kPause{20};
// A large spool is read whole before the daemon answers again; systemd's TimeoutStartSec is as long.
constexpr std::chrono::minutes kPatience{10};

int failed(int code, const std::string& why) {
  fmt::print(stderr, "ringpost reload: {}\n", why);
  return code;
}

int not_taken(const StatusReading& status) {
  for (const std::string& problem : status.configuration_problems) {
    fmt::print(stderr, "ringpost reload: not taken: {}\n", problem);
  }
  return kExitConfig;
}

bool all_answer(const StatusReading& status) {
  return std::ranges::none_of(status.instances,
                              [](const InstanceReading& each) { return each.state == "not_answering"; });
}

// The exit code; nullopt: it is not decided yet.
std::optional<int> outcome(const StatusReading& before, const StatusReading& now) {
  if (now.generation == before.generation) {
    return now.reloads_refused == before.reloads_refused ? std::nullopt : std::optional(not_taken(now));
  }
  if (!all_answer(now)) return std::nullopt;
  if (!now.configuration_problems.empty())
    return not_taken(now);  // it could not serve with it, and went back
  fmt::print("the configuration is in force\n");
  return kExitOk;
}

int wait_for_outcome(const std::string& socket, const StatusReading& before) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    // While it begins anew there is no answer, or none to a question of before.
    const StatusAnswer answer = ask_status(socket);
    if (answer.problem.empty()) {
      if (const auto code = outcome(before, read_status(answer.json))) return *code;
    }
    std::this_thread::sleep_for(kPause);
  }
  return failed(kExitFailed, fmt::format("ringpostd has not answered for {} min: its log says what it does",
                                         kPatience.count()));
}

}  // namespace

int run_reload(const ReloadOptions& options) {
  const auto endpoint = find_endpoint(options.endpoint);
  if (!endpoint) return kExitConfig;
  const StatusAnswer answer = ask_status(endpoint->socket);
  if (!answer.problem.empty()) return failed(kExitUnavailable, answer.problem);
  const StatusReading before = read_status(answer.json);
  if (::kill(static_cast<pid_t>(before.pid), SIGHUP) != 0) {
    return failed(
        kExitFailed,
        fmt::format(
            "can't signal ringpostd (pid {}): {}: reload as root or as its user, in its PID namespace",
            before.pid, std::strerror(errno)));
  }
  return wait_for_outcome(endpoint->socket, before);
}

}  // namespace ringpost::daemon
