#include "keeper/keeper.hpp"

#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "keeper/log.hpp"

namespace ringpost::keeper {
namespace {

// The keeper's own: connections and their pidfds, the socket and its lock, systemd, signals, standard files.
constexpr std::uint64_t kDescriptorsReserve = 64;
constexpr std::int64_t kAcceptPauseMs = 200;

}  // namespace

bool Keeper::open(const Options& options) {
  if (!store_.open() || !open_table()) return false;
  const int passed = store_.collect(holdings_);
  if (!holder_.open(options.command != nullptr)) {
    say("no memory for the keeper's state: %s", std::strerror(errno));
    return false;
  }
  if (!open_signals() || !open_socket(options, passed)) return false;
  if (options.command != nullptr) command_.set(options.command, mask_before_, descriptors_before_);
  if (holdings_.count() != 0) say("%u descriptors came back from systemd", holdings_.count());
  return true;
}

bool Keeper::open_table() {
  ::getrlimit(RLIMIT_NOFILE, &descriptors_before_);
  const rlimit raised{descriptors_before_.rlim_max, descriptors_before_.rlim_max};
  // A sandbox may forbid it: then the soft limit is what there is.
  const std::uint64_t files =
      ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_max : descriptors_before_.rlim_cur;
  const bool has_store = store_.limit() != 0;
  std::uint64_t limit = files <= kDescriptorsReserve ? 0 : files - kDescriptorsReserve;
  if (limit > kHoldingsMax) limit = kHoldingsMax;
  if (has_store && limit + kHoldingsOwn > store_.limit()) {
    limit = store_.limit() <= kHoldingsOwn ? 0 : store_.limit() - kHoldingsOwn;
  }
  say("%s holds up to %llu descriptors: RLIMIT_NOFILE %llu less %llu, systemd's store %u less %u%s, and "
      "never more than %u",
      RINGPOST_VERSION, static_cast<unsigned long long>(limit), static_cast<unsigned long long>(files),
      static_cast<unsigned long long>(kDescriptorsReserve), store_.limit(), has_store ? kHoldingsOwn : 0,
      has_store ? "" : " (there is none: what is held ends with this process)", kHoldingsMax);
  if (limit == 0) {
    say("that is nothing: raise LimitNOFILE= and FileDescriptorStoreMax= of the unit, or `ulimit -n`");
    return false;
  }
  holdings_.open(static_cast<std::uint32_t>(limit), has_store);
  return true;
}

bool Keeper::open_signals() {
  sigset_t ours;
  ::sigemptyset(&ours);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD})
    ::sigaddset(&ours, number);
  ::signal(SIGCHLD, SIG_DFL);  // an ignored one would let children vanish unseen
  ::sigprocmask(SIG_BLOCK, &ours, &mask_before_);
  signals_ = ::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) say("signalfd: %s", std::strerror(errno));
  return signals_ >= 0;
}

bool Keeper::open_socket(const Options& options, int passed) {
  if (passed >= 0) {
    listener_.adopt(passed);
    return true;
  }
  return options.socket == nullptr || listener_.open(options.socket);
}

int Keeper::run() {
  command_.advance(visitors_, now_ms());
  store_.notify("READY=1");
  while (exit_code_ < 0) {
    watch();
    polls_.wait(now_ms());
    advance();
  }
  store_.notify("STOPPING=1");
  listener_.remove();
  return exit_code_;
}

void Keeper::watch() {
  polls_.clear();
  signals_entry_ = polls_.watch(signals_, POLLIN);
  listener_entry_ = polls_.watch(accept_at_ms_ == 0 ? listener_.socket() : -1, POLLIN);
  if (accept_at_ms_ != 0) polls_.wake_at(accept_at_ms_);
  visitors_.watch(polls_);
  holder_.watch(polls_);
  store_.watch(polls_, holdings_);
  command_.watch(polls_);
}

void Keeper::advance() {
  const std::int64_t now = now_ms();
  store_.advance(polls_, holdings_, now);
  holder_.advance(polls_, now);
  visitors_.advance(polls_, now);
  admit(now);
  if (accept_at_ms_ != 0 && now >= accept_at_ms_) accept_at_ms_ = 0;
  if (polls_.came(listener_entry_) != 0) accept_visitors(now);
  if (polls_.came(signals_entry_) != 0) read_signals(now);
  command_.advance(visitors_, now);
  if (command_.exit_code() >= 0) exit_code_ = command_.exit_code();
}

void Keeper::accept_visitors(std::int64_t now_ms) {
  // Else it would wake us at once, for ever.
  if (!visitors_.accept_from(listener_.socket(), now_ms)) accept_at_ms_ = now_ms + kAcceptPauseMs;
}

void Keeper::admit(std::int64_t now_ms) {
  Visitor visitor;
  while (holder_.is_vacant() && visitors_.next(visitor)) holder_.admit(visitor, now_ms);
  if (!holder_.is_vacant() && visitors_.next_offer_of(holder_.pid(), visitor)) holder_.admit(visitor, now_ms);
}

void Keeper::read_signals(std::int64_t now_ms) {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    const int number = static_cast<int>(info.ssi_signo);
    if (number == SIGCHLD) {
      reap(now_ms);
    } else if (command_.is_set()) {
      command_.forward(number, info.ssi_code == SI_KERNEL);
    } else if (number == SIGTERM || number == SIGINT || number == SIGQUIT) {
      exit_code_ = EXIT_SUCCESS;
    }
  }
}

void Keeper::reap(std::int64_t now_ms) {
  // As the first process of a container it gets orphans, too.
  int status = 0;
  for (pid_t ended = ::waitpid(-1, &status, WNOHANG); ended > 0; ended = ::waitpid(-1, &status, WNOHANG)) {
    if (ended == command_.pid()) command_.has_ended(status, now_ms);
  }
}

}  // namespace ringpost::keeper
