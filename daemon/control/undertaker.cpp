#include "daemon/control/undertaker.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <thread>
#include <utility>

#include "daemon/control/signals.hpp"

namespace ringpost::daemon {
namespace {

constexpr long kTickNs = 10'000'000;

int tick_signal() { return SIGRTMIN; }

// Not SIG_IGN: an ignored signal interrupts nothing.
void on_tick(int) {}

void install_tick_handler() {
  struct sigaction action {};
  action.sa_handler = on_tick;  // and no SA_RESTART
  if (::sigaction(tick_signal(), &action, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "sigaction");
  }
}

// Signals the thread that made it, while it runs: any interruptible wait of that thread ends.
class Ticks {
 public:
  Ticks() {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = tick_signal();
    event._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
    // Without a timer a close may take as long as its sender chose: here, and not in the control thread.
    exists_ = ::timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
  }
  ~Ticks() {
    if (exists_) ::timer_delete(timer_);
  }
  Ticks(const Ticks&) = delete;
  Ticks& operator=(const Ticks&) = delete;

  void start() { set(kTickNs); }
  void stop() { set(0); }

 private:
  void set(long interval_ns) {
    const itimerspec time{{0, interval_ns}, {0, interval_ns}};
    if (exists_) ::timer_settime(timer_, 0, &time, nullptr);
  }

  timer_t timer_{};
  bool exists_ = false;
};

// Whether a connection that was shut down holds no message: nothing can come any more. With SO_PASSCRED the kernel
// puts credentials beside each message, also beside an empty one, and beside the end it does not.
bool is_empty(int connection) {
  const int yes = 1;
  if (::setsockopt(connection, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) != 0) return false;
  std::byte byte;
  iovec vector{&byte, sizeof byte};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control;
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  return ::recvmsg(connection, &message, MSG_DONTWAIT | MSG_PEEK) == 0 && message.msg_controllen == 0;
}

}  // namespace

Undertaker::Undertaker() { install_tick_handler(); }

Undertaker::~Undertaker() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stopping = true;
  for (Task& task : shared_->tasks) task.connection.release();
  shared_->tasks.clear();
  shared_->wake.notify_all();
}

void Undertaker::close(ipc::Descriptor connection, std::function<void()> closed) {
  if (!connection) return;
  ::shutdown(connection.get(), SHUT_RDWR);
  if (is_empty(connection.get())) {
    connection.reset();
    if (closed) closed();
    return;
  }
  const std::lock_guard lock(shared_->mutex);
  shared_->tasks.push_back({std::move(connection), std::move(closed)});
  if (shared_->tasks.size() > shared_->idle && shared_->threads < kThreadsMax) {
    std::thread([shared = shared_] {
      pthread_setname_np(pthread_self(), "undertaker");
      block_signals();
      run(*shared);
    }).detach();
    ++shared_->threads;
  }
  shared_->wake.notify_one();
}

void Undertaker::run(Shared& shared) {
  Ticks ticks;
  std::unique_lock lock(shared.mutex);
  for (;;) {
    ++shared.idle;
    shared.wake.wait(lock, [&] { return shared.stopping || !shared.tasks.empty(); });
    --shared.idle;
    ticks.start();
    while (!shared.tasks.empty()) {
      Task task = std::move(shared.tasks.front());
      shared.tasks.pop_front();
      lock.unlock();
      task.connection.reset();
      lock.lock();
      // Under the lock: whom it tells may end once `stopping` is set.
      if (task.closed && !shared.stopping) task.closed();
    }
    ticks.stop();
    if (shared.stopping) return;
  }
}

}  // namespace ringpost::daemon
