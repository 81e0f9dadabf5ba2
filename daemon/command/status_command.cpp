#include "daemon/command/status_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "daemon/command/exit_codes.hpp"
#include "daemon/command/status_client.hpp"
#include "daemon/command/status_reading.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::chrono::seconds kWatchInterval{1};
constexpr const char* kClearScreen = "\x1b[H\x1b[2J";

int show(const StatusAnswer& answer, bool json) {
  if (!answer.problem.empty()) {
    fmt::print(stderr, "ringpost status: {}\n", answer.problem);
    return kExitUnavailable;
  }
  try {
    const StatusReading status = read_status(answer.json);
    fmt::print("{}{}", json ? answer.json : status_table(status),
               json && !answer.json.ends_with('\n') ? "\n" : "");
    const std::vector<std::string> faults = equation_faults(status);
    for (const std::string& fault : faults) {
      fmt::print(stderr, "ringpost status: {}\n", fault);
    }
    return faults.empty() ? kExitOk : kExitFailed;
  } catch (const std::runtime_error& error) {
    fmt::print(stderr, "ringpost status: {}\n", error.what());
    return kExitFailed;
  }
}

}  // namespace

int run_status(const StatusOptions& options) {
  const auto endpoint = find_endpoint(options.endpoint);
  if (!endpoint) {
    return kExitConfig;
  }
  if (!options.watch) {
    return show(ask_status(endpoint->socket), options.json);
  }
  const bool screen = !options.json && isatty(STDOUT_FILENO) == 1;
  while (true) {  // until a signal, or the end of who reads
    const StatusAnswer answer = ask_status(endpoint->socket);
    if (screen) {
      fmt::print("{}", kClearScreen);
    }
    (void)show(answer, options.json);
    if (std::fflush(stdout) != 0) {
      return kExitFailed;
    }
    std::this_thread::sleep_for(kWatchInterval);
  }
}

}  // namespace ringpost::daemon
