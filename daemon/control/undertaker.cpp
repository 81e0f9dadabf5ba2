#include "daemon/control/undertaker.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

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

}  // namespace

Undertaker::Undertaker() {
  install_tick_handler();
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "undertaker");
    run();
  });
}

Undertaker::~Undertaker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (Task& task : tasks_) task.descriptor.release();
    tasks_.clear();
  }
  wake_.notify_one();
  thread_.join();
}

void Undertaker::close(ipc::Descriptor descriptor, std::function<void()> closed) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back({std::move(descriptor), std::move(closed)});
  }
  wake_.notify_one();
}

void Undertaker::run() {
  Ticks ticks;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (stopping_) return;
    ticks.start();
    while (!tasks_.empty()) {
      Task task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task.descriptor.reset();
      if (task.closed) task.closed();
      lock.lock();
    }
    ticks.stop();
  }
}

}  // namespace ringpost::daemon
