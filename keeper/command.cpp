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

bool is_stop(int signal) { return signal == SIGTERM || signal == SIGINT; }
bool is_useless_to_start(int code) { return code == kExitUsage || code == kExitConfig; }

}  // namespace

void Command::set(char** words, const sigset_t& mask, const rlimit& descriptors) {
  words_ = words;
  mask_ = mask;
  descriptors_ = descriptors;
}

// Something is held, and nobody has taken it yet.
bool Command::awaits_heir() const { return holdings_.count() != 0 && holder_.is_vacant(); }

bool Command::is_to_be_started() const {
  // Not once it has said that a new start mends nothing: a second one would begin while the keeper ends.
  return is_set() && pid_ == 0 && exit_code_ < 0;
}

void Command::watch(PollSet& polls) const {
  if (is_to_be_started()) polls.wake_at(start_at_ms_);
}

void Command::advance(Visitors& visitors, std::int64_t now_ms) {
  if (stop_signal_ != 0 && !is_told_ && !awaits_heir()) tell_to_stop();
  if (is_to_be_started() && now_ms >= start_at_ms_) start(visitors, now_ms);
}

void Command::tell_to_stop() {
  if (pid_ == 0) {
    exit_code_ = EXIT_SUCCESS;
    return;
  }
  // Before it takes it has seen to its signals (ringpostd does): from then on this ends it in order.
  ::kill(pid_, stop_signal_);
  is_told_ = true;
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
  is_told_ = false;
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
  const bool is_first_stop = is_stop(signal) && stop_signal_ == 0;
  if (is_first_stop) {
    stop_signal_ = signal;
    start_at_ms_ = 0;
    if (awaits_heir()) {
      say("told to stop while nobody has the %u descriptors that are held: %s is to take them, and is told "
          "then",
          holdings_.count(), words_[0]);
      return;
    }
  }
  if (pid_ == 0) {
    // advance() ends it when it is told for the first time, and nothing is held.
    if (is_stop(signal) && !is_first_stop) exit_code_ = kExitSignal + signal;
    return;
  }
  // The terminal has told the whole process group.
  if (!comes_from_terminal) ::kill(pid_, signal);
  is_told_ = is_told_ || is_stop(signal);
}

bool Command::is_over(int code, int killed_by) const {
  const bool holds = holdings_.count() != 0;
  if (stop_signal_ == 0) return is_useless_to_start(code) && !holds;
  const bool as_told = is_told_ && (killed_by == 0 || is_stop(killed_by));
  return as_told || is_useless_to_start(code) || !holds;
}

void Command::has_ended(int wait_status, std::int64_t now_ms) {
  const pid_t ended = pid_;
  pid_ = 0;
  const int killed_by = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;
  const int code = killed_by != 0 ? kExitSignal + killed_by : WEXITSTATUS(wait_status);
  char how[48];
  std::snprintf(how, sizeof how, killed_by != 0 ? "was ended by signal %d" : "has ended with code %d",
                killed_by != 0 ? killed_by : code);
  if (is_over(code, killed_by)) {
    exit_code_ = code;
    if (code != EXIT_SUCCESS && holdings_.count() != 0)
      say("%s (pid %d) %s: what it has neither delivered nor put on disk is lost", words_[0], ended, how);
    return;
  }
  if (now_ms - started_ms_ >= kLifeThatMendsMs) pause_ms_ = 0;
  put_off(now_ms);
  say("%s (pid %d) %s: it is started again in %lld ms%s", words_[0], ended, how,
      static_cast<long long>(pause_ms_),
      is_useless_to_start(code) ? ", for what it has accepted is held here: mend what it says" : "");
}

void Command::put_off(std::int64_t now_ms) {
  pause_ms_ = pause_ms_ == 0 ? kPauseFirstMs : 2 * pause_ms_;
  if (pause_ms_ > kPauseMaxMs) pause_ms_ = kPauseMaxMs;
  start_at_ms_ = now_ms + pause_ms_;
}

}  // namespace ringpost::keeper
