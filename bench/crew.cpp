#include "bench/crew.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "bench/pinning.hpp"
#include "ipc/clock.hpp"

namespace ringpost::bench {
namespace {

constexpr unsigned kSendersMax = 16;
constexpr std::int64_t kSpinNs = 120'000;  // before an intended time; what is longer is slept

std::uint32_t clamp_ns(std::int64_t ns) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(ns, 0, UINT32_MAX));
}

void wait_until(std::int64_t then_ns) {
  const std::int64_t left_ns = then_ns - ipc::monotonic_ns();
  if (left_ns > 2 * kSpinNs) ::usleep(static_cast<useconds_t>((left_ns - kSpinNs) / 1'000));
  while (ipc::monotonic_ns() < then_ns) {
  }
}

}  // namespace

struct Crew::Shared {
  Slice slice;
  sem_t done;
  std::atomic<std::uint32_t> arrived{0};
  Record records[kSendersMax];
};

Crew::Crew(CrewSize size, const std::function<std::vector<Send>()>& make) : size_(size) {
  if (size.senders() > kSendersMax) throw std::invalid_argument("too many senders");
  void* const memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  shared_ = new (memory) Shared();
  ::sem_init(&shared_->done, 1, 0);
  for (Record& record : shared_->records) ::sem_init(&record.begin, 1, 0);
  for (unsigned process = 0; process < size_.processes; ++process) {
    const pid_t child = ::fork();
    if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (child == 0) run_process(process, make);
    processes_.push_back(child);
  }
}

Crew::~Crew() {
  for (const pid_t process : processes_) ::kill(process, SIGKILL);
  for (const pid_t process : processes_) ::waitpid(process, nullptr, 0);
  ::munmap(shared_, sizeof(Shared));
}

void Crew::run_process(unsigned process, const std::function<std::vector<Send>()>& make) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    const std::vector<Send> sends = make();  // before the pinning: threads that it starts stay free
    if (size_.senders() == 1) pin_to_cpu(0);
    std::vector<std::thread> others;
    for (unsigned thread = 1; thread < size_.threads; ++thread) {
      others.emplace_back([&, thread] { work(process * size_.threads + thread, sends); });
    }
    work(process * size_.threads, sends);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "a sender: %s\n", error.what());
  }
  ::_exit(1);
}

void Crew::work(unsigned sender, const std::vector<Send>& sends) {
  Record& record = shared_->records[sender];
  for (;;) {
    while (::sem_wait(&record.begin) != 0) {
    }
    const Slice slice = shared_->slice;
    const Send& send = sends.at(slice.contender);
    record.samples = 0;
    record.full = 0;
    // Together: the last one to come lets all begin.
    shared_->arrived.fetch_add(1, std::memory_order_acq_rel);
    while (shared_->arrived.load(std::memory_order_acquire) < size_.senders()) ::sched_yield();

    std::int64_t intended_ns = ipc::monotonic_ns();
    // Several senders take turns within one interval.
    intended_ns += slice.interval_ns * sender / size_.senders();
    while (record.samples * slice.at_once < slice.calls) {
      if (slice.interval_ns != 0) wait_until(intended_ns);
      Sent sent = Sent::kYes;
      const std::int64_t begin_ns = ipc::monotonic_ns();
      for (std::uint32_t call = 0; call < slice.at_once && sent == Sent::kYes; ++call) sent = send();
      const std::int64_t end_ns = ipc::monotonic_ns();
      if (sent == Sent::kFull) {
        ++record.full;
        ::sched_yield();
        continue;
      }
      record.service_ns[record.samples] = clamp_ns(end_ns - begin_ns);
      record.late_ns[record.samples] = clamp_ns(end_ns - intended_ns);
      ++record.samples;
      intended_ns += slice.interval_ns;
    }
    ::sem_post(&shared_->done);
  }
}

void Crew::run(const Slice& slice) {
  if (slice.calls > kCallsMax) throw std::invalid_argument("a slice of too many calls");
  shared_->slice = slice;
  shared_->arrived.store(0, std::memory_order_release);
  for (unsigned sender = 0; sender < size_.senders(); ++sender) ::sem_post(&shared_->records[sender].begin);
  for (unsigned left = size_.senders(); left != 0;) {
    timespec second{};
    ::clock_gettime(CLOCK_REALTIME, &second);
    ++second.tv_sec;
    if (::sem_timedwait(&shared_->done, &second) == 0) {
      --left;
    } else {
      check_alive();
    }
  }
}

void Crew::check_alive() {
  for (const pid_t process : processes_) {
    if (::waitpid(process, nullptr, WNOHANG) != 0) throw std::runtime_error("a sender has died");
  }
}

std::span<const Crew::Record> Crew::records() const { return {shared_->records, size_.senders()}; }

}  // namespace ringpost::bench
