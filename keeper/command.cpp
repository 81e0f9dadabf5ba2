#include "keeper/command.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "keeper/log.hpp"

namespace ringpost::keeper {
namespace {

constexpr std::int64_t kPauseFirstMs = 100;
constexpr std::int64_t kPauseMaxMs = 10'000;
constexpr std::int64_t kLifeThatMendsMs = 60'000;
constexpr int kExitUsage = 64;    // sysexits' EX_USAGE
constexpr int kExitConfig = 78;   // EX_CONFIG
constexpr int kExitNotRun = 127;  // a shell's
constexpr int kExitSignal = 128;  // a shell's, and the signal

}  // namespace

void Command::set(char** words, const sigset_t& mask, const rlimit& descriptors) {
  words_ = words;
  mask_ = mask;
  descriptors_ = descriptors;
}

bool Command::is_to_be_started() const {
  // Not once it has said that a new start mends nothing: a second one would begin while the keeper ends.
  return is_set() && pid_ == 0 && !is_stopping_ && exit_code_ < 0;
}

void Command::watch(PollSet& polls) const {
  if (is_to_be_started()) polls.wake_at(start_at_ms_);
}

void Command::advance(Visitors& visitors, std::int64_t now_ms) {
  if (is_to_be_started() && now_ms >= start_at_ms_) start(visitors, now_ms);
}

void Command::start(Visitors& visitors, std::int64_t now_ms) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, &ends[0]) != 0) {
    say("can't start %s (socketpair: %s)", words_[0], std::strerror(errno));
    return put_off(now_ms);
  }
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) become(ends[1], parent);
  const int why = errno;
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    say("can't start %s (fork: %s)", words_[0], std::strerror(why));
    return put_off(now_ms);
  }
  pid_ = child;
  has_run_ = true;
  started_ms_ = now_ms;
  // It can't be reaped before its end was looked at here: the number is its own.
  const int pidfd = open_pidfd(child);
  if (pidfd < 0) {
    ::close(ends[0]);
    say("can't watch %s (pidfd_open: %s): it goes on without a keeper", words_[0], std::strerror(errno));
    return;
  }
  visitors.add(ends[0], pidfd, child, now_ms);
}

void Command::become(int connection, pid_t parent) const {
  // It must not outlive who holds for it.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(EXIT_FAILURE);
  ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
  ::setrlimit(RLIMIT_NOFILE, &descriptors_);
  // systemd speaks with the keeper; what its child had to say would be taken for the keeper's.
  for (const char* name : {"NOTIFY_SOCKET", "FDSTORE", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
                           "WATCHDOG_PID", "WATCHDOG_USEC"}) {
    ::unsetenv(name);
  }
  char where[32];
  std::snprintf(where, sizeof where, "fd:%d", connection);
  ::setenv("RINGPOST_KEEPER", where, 1);
  ::fcntl(connection, F_SETFD, 0);
  ::execvp(words_[0], words_);
  say("can't run %s: %s", words_[0], std::strerror(errno));
  // At the first start the command line is wrong; later it may be an upgrade under way.
  ::_exit(has_run_ ? kExitNotRun : kExitUsage);
}

void Command::forward(int signal, bool comes_from_terminal) {
  if (signal == SIGTERM || signal == SIGINT) {
    is_stopping_ = true;
    if (pid_ == 0) exit_code_ = EXIT_SUCCESS;
  }
  // The terminal has told the whole process group.
  if (pid_ != 0 && !comes_from_terminal) ::kill(pid_, signal);
}

void Command::has_ended(int wait_status, std::int64_t now_ms) {
  const pid_t ended = pid_;
  pid_ = 0;
  const bool was_killed = WIFSIGNALED(wait_status);
  const int code = was_killed ? kExitSignal + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
  if (is_stopping_ || code == kExitUsage || code == kExitConfig) {
    exit_code_ = code;
    return;
  }
  if (now_ms - started_ms_ >= kLifeThatMendsMs) pause_ms_ = 0;
  put_off(now_ms);
  say("%s (pid %d) %s %d: it is started again in %lld ms", words_[0], ended,
      was_killed ? "was ended by signal" : "has ended with code", was_killed ? WTERMSIG(wait_status) : code,
      static_cast<long long>(pause_ms_));
}

void Command::put_off(std::int64_t now_ms) {
  pause_ms_ = pause_ms_ == 0 ? kPauseFirstMs : 2 * pause_ms_;
  if (pause_ms_ > kPauseMaxMs) pause_ms_ = kPauseMaxMs;
  start_at_ms_ = now_ms + pause_ms_;
}

}  // namespace ringpost::keeper
