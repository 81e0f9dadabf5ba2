#include "daemon/control/service_manager.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "daemon/config/log.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::chrono::seconds kSpacingMax{5};
constexpr std::chrono::seconds kStopExtended{15};  // from each time on that it is said
constexpr std::chrono::minutes kReloadExtended{10};
constexpr std::size_t kNamedMax = 4;
constexpr std::size_t kErrorMaxBytes = 240;

std::chrono::microseconds watchdog_of_this_process() {
  std::uint64_t timeout_us = 0;
  return std::chrono::microseconds(::sd_watchdog_enabled(0, &timeout_us) > 0 ? timeout_us : 0);
}

bool is_well(const Reading& reading) {
  const InstanceStatus& instance = reading.instance;
  return !reading.late && instance.disk.problem.empty() &&
         (!instance.enabled || (instance.connected && instance.unreachable.empty()));
}

// One line, which systemd shows.
std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string line(text.substr(0, bytes_max));
  std::ranges::replace_if(
      line, [](unsigned char each) { return each < ' '; }, ' ');
  return line;
}

std::string clause_of(const Reading& reading) {
  const InstanceStatus& instance = reading.instance;
  std::string why = instance.connected ? instance.unreachable : instance.last_error;
  if (!instance.enabled || reading.late) why.clear();
  if (!instance.disk.problem.empty()) why += (why.empty() ? "disk: " : "; disk: ") + instance.disk.problem;
  return fmt::format(
      " {}: {}, {}{}.", instance.name, state_of(reading),
      instance.waiting == 0 ? "nothing waits" : fmt::format("{} events wait", instance.waiting),
      why.empty() ? "" : fmt::format(" ({})", one_line(why, kErrorMaxBytes)));
}

}  // namespace

std::string service_sentence(std::uint64_t clients, const std::vector<Reading>& readings) {
  std::string sentence = fmt::format("{} client{}.", clients, clients == 1 ? "" : "s");
  std::size_t named = 0;
  for (const bool well : {false, true}) {
    for (const Reading& reading : readings) {
      if (is_well(reading) == well && named++ < kNamedMax) sentence += clause_of(reading);
    }
  }
  if (named > kNamedMax) sentence += fmt::format(" And {} more instances.", named - kNamedMax);
  return sentence;
}

std::string configuration_sentence(const std::vector<std::string>& problems) {
  if (problems.empty()) return {};
  const std::size_t others = problems.size() - 1;
  return fmt::format("The configuration was not taken: {}{}. ",
                     one_line(problems.front(), problems.front().size()),
                     others == 0 ? "" : fmt::format(" (and {} more, in the journal)", others));
}

ipc::Descriptor activated_socket() {
  const int count = ::sd_listen_fds(1);
  if (count <= 0) return {};
  ipc::Descriptor socket(SD_LISTEN_FDS_START);
  if (count != 1 || ::sd_is_socket_unix(socket.get(), SOCK_SEQPACKET, 1, nullptr, 0) <= 0) {
    throw std::runtime_error(fmt::format(
        "the service manager passes {} sockets: one is expected, of type SOCK_SEQPACKET, that listens "
        "(ListenSequentialPacket= in ringpostd.socket)",
        count));
  }
  return socket;
}

void tell_service_manager(std::string_view sentence) {
  ::sd_notify(0, ("STATUS=" + one_line(sentence, sentence.size())).c_str());
}

ServiceManager::ServiceManager(boost::asio::io_context& io, StatusRounds& rounds, const Census& census,
                               const std::vector<std::string>& configuration_problems)
    : timer_(io),
      rounds_(rounds),
      census_(census),
      configuration_problems_(configuration_problems),
      listens_(std::getenv("NOTIFY_SOCKET") != nullptr),
      watchdog_(watchdog_of_this_process()),
      spacing_(watchdog_.count() == 0 ? kSpacingMax
                                      : std::min<std::chrono::microseconds>(kSpacingMax, watchdog_ / 6)) {}

void ServiceManager::started() {
  if (listens_) ask();
}

void ServiceManager::ask() {
  rounds_.ask([this](const std::vector<Reading>& readings) {
    if (stopping_) return;
    told(readings);
    timer_.expires_after(spacing_);
    timer_.async_wait([this](const boost::system::error_code& failed) {
      if (!failed && !stopping_) ask();
    });
  });
}

void ServiceManager::told(const std::vector<Reading>& readings) {
  std::string text = "STATUS=" + configuration_sentence(configuration_problems_) +
                     service_sentence(census_.clients(), readings);
  if (std::ranges::none_of(readings, &Reading::late)) ready_ = true;
  if (ready_) text += "\nREADY=1";
  if (!is_stuck(readings)) text += "\nWATCHDOG=1";
  ::sd_notify(0, text.c_str());
}

bool ServiceManager::is_stuck(const std::vector<Reading>& readings) {
  if (watchdog_.count() == 0) return false;
  const auto now = std::chrono::steady_clock::now();
  answered_.resize(readings.size(), now);
  bool stuck = false;
  for (std::size_t index = 0; index < readings.size(); ++index) {
    if (!readings[index].late) answered_[index] = now;
    if (now - answered_[index] <= watchdog_ / kStuckPart) continue;
    stuck = true;
    if (!stuck_) {
      log_line(spdlog::level::critical, {.instance = readings[index].instance.name},
               "instance {}: its thread has not answered for {} s: it is stuck, and systemd's watchdog ends "
               "ringpostd "
               "if it stays so; with a keeper nothing is lost",
               readings[index].instance.name,
               std::chrono::duration_cast<std::chrono::seconds>(now - answered_[index]).count());
    }
  }
  stuck_ = stuck;
  return stuck;
}

void ServiceManager::stopping() {
  stopping_ = true;
  if (!listens_) return;
  ::sd_notify(0,
              "STOPPING=1\nSTATUS=stopping: delivering what was accepted, and putting on disk what is left");
  extend_stop();
}

// The watchdog is put off with the rest: while the process begins anew nobody is there to ask.
void ServiceManager::reloading() {
  stopping_ = true;
  timer_.cancel();
  if (!listens_) return;
  const auto now_us = std::chrono::microseconds(ipc::monotonic_ns() / 1'000);
  ::sd_notify(0, fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nEXTEND_TIMEOUT_USEC={}\nSTATUS=reloading: the "
                             "configuration is good, and ringpostd begins anew with it",
                             now_us.count(), std::chrono::microseconds(kReloadExtended).count())
                     .c_str());
}

void ServiceManager::reload_refused() {
  tell_service_manager(configuration_sentence(configuration_problems_));
}

void ServiceManager::extend_stop() {
  ::sd_notify(
      0, fmt::format("EXTEND_TIMEOUT_USEC={}\nWATCHDOG=1", std::chrono::microseconds(kStopExtended).count())
             .c_str());
  timer_.expires_after(kSpacingMax);
  timer_.async_wait([this](const boost::system::error_code& failed) {
    if (!failed) extend_stop();
  });
}

}  // namespace ringpost::daemon
