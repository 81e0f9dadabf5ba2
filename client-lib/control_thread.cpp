#include "client-lib/control_thread.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
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
      if (connect()) use_connection();
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

void ControlThread::use_connection() {
  Course course = Course::kAdopted;
  while (course == Course::kAdopted) {
    course = set_up();
    if (course == Course::kOn) course = serve();
  }
}

ControlThread::Course ControlThread::course_of(Answer::What what, const char* reason) {
  switch (what) {
    case Answer::What::kGiven:
      return Course::kOn;
    case Answer::What::kAdopted:
      return Course::kAdopted;
    case Answer::What::kStopped:
      return Course::kStopped;
    case Answer::What::kRefused:
    case Answer::What::kEnd:
      break;
  }
  lost({RINGPOST_DAEMON_UNAVAILABLE, settings_.socket_path + ": " + reason, false});
  return Course::kEnded;
}

bool ControlThread::retire_all() {
  bool all_gone = true;
  for (Channel* channel : channels_.all()) all_gone = channel->retire() && all_gone;
  return all_gone;
}

void ControlThread::wait_for_calls(const std::function<bool()>& they_have_left) {
  const auto deadline = Clock::now() + kCloseWaitsForClaims;
  while (!they_have_left() && Clock::now() < deadline) {
    ::usleep(static_cast<useconds_t>(std::chrono::microseconds(kClaimRetry).count()));
  }
}

void ControlThread::leave() {
  for (Channel* channel : channels_.all()) {
    channel->count_noted();
    channel->begin_retiring();
  }
  // The connection's end tells the daemon that nothing more will come: so not before the last publish has left.
  wait_for_calls([this] { return left_everything_ = retire_all(); });
  connection_.reset();
}

void ControlThread::lost(Outage why) {
  availability_.end(std::move(why));  // first: calls fail at once
  for (Channel* channel : channels_.all()) channel->begin_retiring();
  retire_all();
  // As in leave(), where it is we who end a connection that somebody listens to.
  if (connection_ && !connection_->has_ended()) {
    wait_for_calls([this] {
      retire_all();
      return held_lanes().none();
    });
  }
  connection_.reset();
  client_board_.reset();
  served_.clear();
}

ControlThread::Course ControlThread::serve() {
  availability_.begin();
  grace_is_over_ = false;
  backoff_ = kReconnectFirst;
  // A keeper's daemon waits for the word that everybody uses its boards.
  next_ping_ = Clock::now() + (generation_ == 0 ? ping_interval_ : milliseconds(0));
  for (;;) {
    const Course course = tick();
    if (course != Course::kOn) return course;
    const bool all_gone = retire_all();  // under traffic, too
    const auto now = Clock::now();
    const bool busy = now < busy_until_ || !all_gone || moved_to_ != generation_;
    const auto until_ping = std::chrono::ceil<milliseconds>(next_ping_ - now);
    const Course after =
        course_of(connection_->idle(busy ? std::min(kBusyTick, until_ping) : until_ping), kClosed);
    if (after != Course::kOn) return after;
  }
}

ControlThread::Course ControlThread::tick() {
  if (saw_traffic()) busy_until_ = Clock::now() + kBusyFor;
  look_after_calls();
  Course course = open_lanes();
  if (course == Course::kOn) course = open_postponed();
  if (course != Course::kOn) return course;
  if (moved_to_ != generation_ && all_moved()) {
    retire_all();  // nobody looks at the old boards: they go before anybody is told
    moved_to_ = generation_;
    next_ping_ = Clock::now();
  }
  return Clock::now() < next_ping_ ? Course::kOn : ping();
}

ControlThread::Course ControlThread::ping() {
  const Course course = course_of(connection_->ping(moved_to_).what, kClosed);
  if (course != Course::kOn) return course;
  if (grace_is_over_) {
    grace_is_over_ = false;
    availability_.begin();
  }
  next_ping_ = Clock::now() + ping_interval_;
  return Course::kOn;
}

void ControlThread::look_after_calls() {
  for (Channel* channel : channels_.all()) {
    channel->free_claims_of_dead_threads();
    channel->count_noted();
  }
}

bool ControlThread::all_moved() {
  const auto channels = channels_.all();
  return std::all_of(channels.begin(), channels.end(),
                     [this](Channel* channel) { return channel->has_moved(connection_number_); });
}

HeldLanes ControlThread::held_lanes() const {
  HeldLanes held;
  for (const Channel* channel : channels_.all()) channel->note_held(connection_number_, held);
  return held;
}

bool ControlThread::saw_traffic() {
  std::uint64_t bytes = 0;
  for (const Channel* channel : channels_.all()) bytes += channel->published_bytes();
  return std::exchange(published_bytes_, bytes) != bytes;
}

ControlThread::Course ControlThread::open_lanes() {
  for (Served& served : served_) {
    while (served.channel->lane_count() < served.channel->lanes_wanted() &&
           Clock::now() >= served.next_lane) {
      const Course course = open_lane(served);
      if (course != Course::kOn) return course;
    }
  }
  return Course::kOn;
}

void ControlThread::answer_is_late() {
  look_after_calls();
  retire_all();
  // Without a keeper there is no grace: a daemon that dies ends the connection, and that is seen elsewhere.
  if (daemon_grace_ == milliseconds(0) || grace_is_over_) return;
  if (Clock::now() - connection_->last_answer() < daemon_grace_) return;
  grace_is_over_ = true;
  availability_.end({RINGPOST_DAEMON_UNAVAILABLE,
                     settings_.socket_path + ": the daemon has not answered for " +
                         std::to_string(daemon_grace_.count() / 1000) + " s; see its log",
                     false});
}

}  // namespace ringpost::client
