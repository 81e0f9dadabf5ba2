#include "client-lib/control_thread.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "client-lib/c_api.hpp"

namespace ringpost::client {
namespace {

ipc::Descriptor create_stop() {
  ipc::Descriptor stop(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!stop) throw std::system_error(errno, std::generic_category(), "eventfd");
  return stop;
}

void check(int error, const char* what) {
  if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

}  // namespace

ControlThread::ControlThread(Settings settings, ChannelTable& channels, Availability& availability,
                             InheritedDescriptors& inherited)
    : settings_(std::move(settings)),
      channels_(channels),
      availability_(availability),
      inherited_(inherited),
      stop_(create_stop(), inherited) {}

void ControlThread::start() {
  pthread_attr_t attributes;
  check(::pthread_attr_init(&attributes), "pthread_attr_init");
  // The new thread begins with all signals blocked; the caller's own mask is never touched.
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_attr_setsigmask_np(&attributes, &all);
  ::pthread_attr_setstacksize(&attributes, kControlStackBytes);
  const int error = ::pthread_create(&thread_, &attributes, &ControlThread::run_thread, this);
  ::pthread_attr_destroy(&attributes);
  check(error, "starting the control thread");
  ::pthread_setname_np(thread_, "ringpost");
}

bool ControlThread::stop() {
  ipc::ring(stop_.get());
  ::pthread_join(thread_, nullptr);
  return left_everything_;
}

void* ControlThread::run_thread(void* self) {
  static_cast<ControlThread*>(self)->run();
  return nullptr;
}

void ControlThread::run() {
  for (;;) {
    try {
      if (connect() && set_up()) serve();
    } catch (const std::exception& error) {
      // No memory, no descriptors, or a layout of another version: the next connection may do better.
      lost({RINGPOST_DAEMON_UNAVAILABLE, settings_.socket_path + ": " + error.what(), false});
    }
    if (wait_for_stop(stop_.number(), milliseconds(0))) break;
    const auto again = Clock::now() + backoff_;
    backoff_ = std::min(backoff_ * 2, kReconnectMax);
    // A publisher that is still inside keeps the old lanes mapped: look again, but do not wait for it.
    bool stopped = false;
    while (!stopped && Clock::now() < again) {
      const auto left = std::chrono::ceil<milliseconds>(again - Clock::now());
      stopped = wait_for_stop(stop_.number(), retire_all() ? left : std::min(left, kBusyTick));
    }
    if (stopped) break;
  }
  leave();
}

bool ControlThread::retire_all() {
  bool all_gone = true;
  for (Channel* channel : channels_.all()) all_gone = channel->retire() && all_gone;
  return all_gone;
}

void ControlThread::leave() {
  for (Channel* channel : channels_.all()) {
    channel->count_noted();
    channel->begin_retiring();
  }
  const auto deadline = Clock::now() + kCloseWaitsForClaims;
  // The connection's end tells the daemon that nothing more will come: so not before the last publish has left.
  while (!(left_everything_ = retire_all()) && Clock::now() < deadline) {
    ::usleep(static_cast<useconds_t>(std::chrono::microseconds(kClaimRetry).count()));
  }
  connection_.reset();
}

void ControlThread::lost(Outage why) {
  availability_.end(std::move(why));  // first: calls fail at once
  for (Channel* channel : channels_.all()) channel->begin_retiring();
  retire_all();
  connection_.reset();
  client_board_.reset();
  served_.clear();
}

void ControlThread::serve() {
  availability_.begin();
  backoff_ = kReconnectFirst;
  next_ping_ = Clock::now() + ping_interval_;
  while (tick()) {
    const auto now = Clock::now();
    const bool busy = now < busy_until_ || !retire_all();
    const auto until_ping = std::chrono::ceil<milliseconds>(next_ping_ - now);
    if (!connection_->idle(busy ? std::min(kBusyTick, until_ping) : until_ping)) break;
  }
  if (wait_for_stop(stop_.number(), milliseconds(0)))
    return;  // leave() comes, with the connection still open
  lost({RINGPOST_DAEMON_UNAVAILABLE,
        settings_.socket_path + ": the daemon has closed the connection; connecting again", false});
}

bool ControlThread::tick() {
  if (saw_traffic()) busy_until_ = Clock::now() + kBusyFor;
  for (Channel* channel : channels_.all()) {
    channel->free_claims_of_dead_threads();
    channel->count_noted();
  }
  if (!open_lanes()) return false;
  if (Clock::now() < next_ping_) return true;
  if (connection_->ping().what != Answer::What::kGiven) return false;
  if (grace_is_over_) {
    grace_is_over_ = false;
    availability_.begin();
  }
  next_ping_ = Clock::now() + ping_interval_;
  return true;
}

bool ControlThread::saw_traffic() {
  std::uint64_t bytes = 0;
  for (const Channel* channel : channels_.all()) bytes += channel->published_bytes();
  return std::exchange(published_bytes_, bytes) != bytes;
}

bool ControlThread::open_lanes() {
  for (Served& served : served_) {
    while (served.channel->lane_count() < served.channel->lanes_wanted() &&
           Clock::now() >= served.next_lane) {
      if (!open_lane(served)) return false;
    }
  }
  return true;
}

void ControlThread::answer_is_late(milliseconds waited) {
  // Without a keeper there is no grace: a daemon that dies ends the connection, and that is seen elsewhere.
  if (daemon_grace_ == milliseconds(0) || waited < daemon_grace_ || grace_is_over_) return;
  grace_is_over_ = true;
  availability_.end({RINGPOST_DAEMON_UNAVAILABLE,
                     settings_.socket_path + ": the daemon has not answered for " +
                         std::to_string(daemon_grace_.count() / 1000) + " s; see its log",
                     false});
}

}  // namespace ringpost::client
