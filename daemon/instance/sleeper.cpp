#include "daemon/instance/sleeper.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>
#include <limits>
#include <system_error>
#include <utility>

#include "ipc/clock.hpp"
#include "ipc/doorbell.hpp"

namespace ringpost::daemon {
namespace {

void watch(const ipc::Descriptor& epoll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

}  // namespace

Sleeper::Sleeper(std::atomic<std::uint32_t>& armed)
    : armed_(armed),
      hears_all_(ipc::barriers_available()),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!epoll_ || !wake_) throw std::system_error(errno, std::generic_category(), "epoll_create1 or eventfd");
  watch(epoll_, wake_.get());
}

void Sleeper::watch_doorbell(std::uint64_t client_id, ipc::Descriptor doorbell) {
  try {
    watch(epoll_, doorbell.get());
    doorbells_.emplace(client_id, std::move(doorbell));
  } catch (const std::exception&) {
    hears_all_ = false;
  }
}

void Sleeper::watch_reports(int event_descriptor) { watch(epoll_, event_descriptor); }

void Sleeper::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written =
      ::write(wake_.get(), &one, sizeof one);  // EAGAIN: it is awake anyway
}

void Sleeper::nap(std::chrono::microseconds at_most) {
  const timespec duration{at_most.count() / 1'000'000, (at_most.count() % 1'000'000) * 1'000};
  std::array<epoll_event, 64> events;
  ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &duration, nullptr);
}

bool Sleeper::arm() {
  if (!hears_all_) return false;
  if (++number_ == 0) number_ = 1;  // 0 on the board means awake
  ipc::arm(armed_, number_);
  return true;
}

void Sleeper::disarm() { ipc::disarm(armed_); }

void Sleeper::wait(int timeout_ms) {
  std::array<epoll_event, 64> events;
  ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
}

int Sleeper::milliseconds_until(std::int64_t until_ns) {
  if (until_ns == 0) return -1;
  const std::int64_t left_ns = std::max<std::int64_t>(0, until_ns - ipc::monotonic_ns());
  return static_cast<int>(std::min<std::int64_t>((left_ns + 999'999) / 1'000'000, 60'000));
}

}  // namespace ringpost::daemon
