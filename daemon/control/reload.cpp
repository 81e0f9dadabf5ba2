#include "daemon/control/reload.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "daemon/control/status.hpp"

namespace ringpost::daemon {
namespace {

// In the environment, from before execve to after it. Numbers of descriptors, and one text.
constexpr const char* kText = "RINGPOST_RELOAD_TEXT";
constexpr const char* kBefore = "RINGPOST_RELOAD_BEFORE";
constexpr const char* kKeeper = "RINGPOST_RELOAD_KEEPER";
constexpr const char* kProblem = "RINGPOST_RELOAD_PROBLEM";

std::optional<std::string> take_variable(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  std::string text = value;
  ::unsetenv(name);
  return text;
}

ipc::Descriptor take_descriptor(const char* name) {
  const std::optional<std::string> text = take_variable(name);
  int number = -1;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  if (number <= STDERR_FILENO || ::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) return {};
  return ipc::Descriptor(number);
}

void pass(const char* name, const ipc::Descriptor& descriptor) {
  if (!descriptor) return;
  ::fcntl(descriptor.get(), F_SETFD, 0);
  ::setenv(name, std::to_string(descriptor.get()).c_str(), 1);
}

// With a number that does not have to make way for the service manager's socket.
ipc::Descriptor duplicate_above(int descriptor) {
  return ipc::Descriptor(::fcntl(descriptor, F_DUPFD_CLOEXEC, SD_LISTEN_FDS_START + 1));
}

std::optional<std::string> text_in(const ipc::Descriptor& memory) {
  struct stat status {};
  if (!memory || ::fstat(memory.get(), &status) != 0) return std::nullopt;
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  if (::pread(memory.get(), text.data(), text.size(), 0) != status.st_size) return std::nullopt;
  return text;
}

}  // namespace

Reload::Reload(std::string path, char** arguments)
    : path_(std::move(path)),
      arguments_(arguments),
      program_(::open("/proc/self/exe", O_PATH | O_CLOEXEC)),
      program_problem_(program_ ? "" : std::strerror(errno)),
      before_(text_in(take_descriptor(kBefore))),
      keeper_(take_descriptor(kKeeper)) {
  if (auto text = text_in(take_descriptor(kText))) {
    text_ = std::move(*text);
    begun_anew_ = true;
    // Linux before 6.14 has named it after the descriptor that it was run by.
    ::pthread_setname_np(::pthread_self(), "ringpostd");
  }
  if (auto problem = take_variable(kProblem)) problems_.push_back(std::move(*problem));
}

LoadResult Reload::load() {
  if (begun_anew_) return parse(text_);
  LoadResult loaded = daemon::load(path_);
  text_ = std::exchange(loaded.text, {});
  return loaded;
}

bool Reload::judge(const DaemonConfig& now) {
  LoadResult loaded = daemon::load(path_);
  problems_.clear();
  for (const ConfigProblem& problem : loaded.problems) problems_.push_back(to_string(problem, path_));
  const auto refuse_change = [&](std::string_view key, std::string_view from, std::string_view to) {
    if (from == to) return;
    problems_.push_back(fmt::format(
        "{}: daemon.{}: is {}, and {} in ringpostd as it runs: that takes a restart", path_, key, to, from));
  };
  if (loaded.config) {
    refuse_change("socket", now.socket, loaded.config->daemon.socket);
    refuse_change("state_dir", now.state_dir, loaded.config->daemon.state_dir);
  }
  if (!program_ && problems_.empty())
    refuse(
        fmt::format("the configuration is good, but takes a restart: /proc/self/exe: {}", program_problem_));
  next_ = std::move(loaded.text);
  return problems_.empty();
}

void Reload::settled() {
  before_.reset();
  keeper_.reset();
}

bool Reload::go_back(const std::string& why) {
  if (!before_) return false;
  problems_ = {why};
  next_ = *std::exchange(before_, std::nullopt);
  text_.clear();
  return true;
}

void Reload::pass_keeper(int connection) { keeper_ = duplicate_above(connection); }

void Reload::pass_listener(const ipc::Descriptor& activated) { listener_ = duplicate_above(activated.get()); }

ipc::Descriptor Reload::keeper() const { return keeper_ ? keeper_.duplicate() : ipc::Descriptor(); }

std::string Reload::begin_anew() {
  // First, for what comes next might get that number.
  if (listener_ && ::dup2(listener_.get(), SD_LISTEN_FDS_START) < 0) return std::strerror(errno);
  const ipc::Descriptor next = sealed_text(next_);
  const ipc::Descriptor before = text_.empty() ? ipc::Descriptor() : sealed_text(text_);
  ::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  if (listener_) {
    ::fcntl(SD_LISTEN_FDS_START, F_SETFD, 0);
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", "1", 1);
  }
  pass(kText, next);
  pass(kBefore, before);
  pass(kKeeper, keeper_);
  if (!problems_.empty()) ::setenv(kProblem, problems_.front().c_str(), 1);
  ::fexecve(program_.get(), arguments_, environ);
  return std::strerror(errno);
}

}  // namespace ringpost::daemon
