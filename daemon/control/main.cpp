// ringpostd: takes events from the shared memory of this machine's script hosts to Kafka. ringpostd(8).
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "daemon/config/config.hpp"
#include "daemon/config/log.hpp"
#include "daemon/control/census.hpp"
#include "daemon/control/custody.hpp"
#include "daemon/control/estate.hpp"
#include "daemon/control/reload.hpp"
#include "daemon/control/server.hpp"
#include "daemon/control/service_manager.hpp"
#include "daemon/control/signals.hpp"
#include "daemon/control/socket_file.hpp"
#include "daemon/control/version.hpp"
#include "kafka/outbox.hpp"

namespace {

using namespace ringpost;
using namespace ringpost::daemon;

// Of sysexits(3head).
constexpr int kExitUsage = 64;
constexpr int kExitUnavailable = 69;

// Before there are threads: the signals are for the control thread alone, and a broken pipe is an error code.
void prepare_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  block_signals();
}

// How long a dead daemon may take until the keeper knows that it is. It let go of the socket's lock before.
constexpr std::chrono::seconds kPredecessorPatience{30};

int cannot_run(int status, const std::string& why, Reload& reload) {
  spdlog::critical("{}", why);
  if (reload.go_back(why)) {
    spdlog::critical("going back to the configuration that ran before");
    return kBeginAnew;
  }
  tell_service_manager(why);
  return status;
}

int serve(const Config& config, const std::string& keeper, Reload& reload) {
  prepare_signals();
  const Logging logging(config.daemon.log, config.daemon.log_level);
  try {
    SocketFile socket(config.daemon.socket);
    const Capacity capacity = take_capacity();
    Custody custody(KeeperLink::open(keeper, kPredecessorPatience, reload.keeper()));
    Estate estate = custody.has_keeper() ? sort_out(custody.keeper().take_held()) : Estate{};
    if (ipc::Descriptor activated = activated_socket()) {
      reload.pass_listener(activated);
      socket.open_activated(std::move(activated));
    } else {
      socket.open(std::move(estate.listener), estate.listener_inode);
    }
    Server server(config, socket, capacity, std::move(custody), std::move(estate), reload);
    return server.run();
  } catch (const std::invalid_argument& error) {  // a property that only librdkafka could judge
    return cannot_run(kExitConfig, error.what(), reload);
  } catch (const std::exception& error) {
    return cannot_run(kExitUnavailable, fmt::format("ringpostd can't run: {}", error.what()), reload);
  }
}

// Each problem, and the first of them for the service manager.
int wrong_configuration(const std::vector<ConfigProblem>& problems, Reload& reload) {
  for (const ConfigProblem& problem : problems) std::cerr << to_string(problem, reload.path()) << '\n';
  const std::string first = to_string(problems.front(), reload.path());
  if (reload.go_back(first)) return kBeginAnew;
  const std::size_t others = problems.size() - 1;
  tell_service_manager(first + (others == 0 ? "" : fmt::format(" (and {} more, in the journal)", others)));
  return kExitConfig;
}

// Where a socket unit starts ringpostd, a client that waits starts the next one at once, and systemd gives the socket up after
// 20 starts in 2 s.
constexpr std::chrono::seconds kFailedActivationPause{2};

int load_and_serve(Reload& reload, const std::string& keeper) {
  const bool activated = std::getenv("LISTEN_FDS") != nullptr;
  const LoadResult loaded = reload.load();
  int status =
      loaded.config ? serve(*loaded.config, keeper, reload) : wrong_configuration(loaded.problems, reload);
  if (status == kBeginAnew) {
    const std::string problem = reload.begin_anew();
    std::cerr << "ringpostd can't begin anew: " << problem << '\n';
    tell_service_manager("ringpostd can't begin anew: " + problem);
    status = kExitUnavailable;
  }
  if (activated && status == kExitConfig) std::this_thread::sleep_for(kFailedActivationPause);
  return status;
}

int run(int argc, char** argv) {
  CLI::App app("Takes events from the shared memory of this machine's script hosts to Apache Kafka.",
               "ringpostd");
  std::string path;
  app.add_option("--config", path, "the configuration, see ringpost.toml(5)")->required()->type_name("FILE");
  std::string keeper;
  app.add_option(
         "--keeper", keeper,
         "the socket of ringpost-keeper(8), which holds accepted events when this process dies; \"none\": do "
         "without")
      ->envname("RINGPOST_KEEPER")
      ->type_name("PATH");
  app.set_version_flag("--version",
                       fmt::format("ringpostd {} (librdkafka {})", kVersion, kafka::librdkafka_version()));
  app.footer(
      "Exit codes: 0 stopped by SIGTERM or SIGINT; 1 ended at once by a second signal, or a stop took too "
      "long;\n"
      "64 wrong arguments; 69 can't run here; 78 wrong configuration (`ringpost check FILE` tries it).");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : kExitUsage;
  }
  Reload reload(path, argv);
  return load_and_serve(reload, keeper == "none" ? "" : keeper);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ringpostd: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
