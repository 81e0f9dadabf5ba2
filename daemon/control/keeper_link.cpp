#include "daemon/control/keeper_link.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>

#include "daemon/config/log.hpp"
#include "daemon/control/keeper_socket.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

using keeper::Frame;
using keeper::FrameType;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kInherited = "fd:";
constexpr std::chrono::milliseconds kReachWithin{5000};  // a keeper that is being restarted
constexpr std::chrono::milliseconds kReachPause{20};
constexpr std::chrono::milliseconds kReconnectFirst{50};
constexpr std::chrono::milliseconds kReconnectMax{5000};
constexpr std::chrono::milliseconds kSendAgain{20};
constexpr int kFramesAtOnceMax = 64;

bool is_inherited(const std::string& where) { return where.starts_with(kInherited); }

ipc::Descriptor inherited(const std::string& where) {
  int number = -1;
  const char* end = where.data() + where.size();
  const auto parsed = std::from_chars(where.data() + kInherited.size(), end, number);
  struct stat status {};
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == end && number >= 0;
  if (!is_number || ::fstat(number, &status) != 0 || !S_ISSOCK(status.st_mode)) {
    throw std::runtime_error(fmt::format(
        "the keeper is said to be \"{}\", which is no open socket: only ringpost-keeper itself gives that to "
        "the "
        "command that it starts (ringpost-keeper -- ringpostd ...); otherwise give the path of its socket",
        where));
  }
  ::fcntl(number, F_SETFD, FD_CLOEXEC);
  return ipc::Descriptor(number);
}

ipc::Descriptor reach(const std::string& path, Clock::time_point deadline) {
  for (;;) {
    ipc::Descriptor socket = connect_keeper(path);
    if (socket) return socket;
    const int why = errno;
    const bool may_come = why == ENOENT || why == ECONNREFUSED || why == EAGAIN;
    if (!may_come || Clock::now() >= deadline) {
      throw std::runtime_error(
          fmt::format("can't reach the keeper at {}: {}: start ringpost-keeper first, or do without one "
                      "(--keeper=\"\"), and "
                      "then what Kafka has not got yet ends with ringpostd",
                      path, std::strerror(why)));
    }
    std::this_thread::sleep_for(kReachPause);
  }
}

ipc::Descriptor duplicate(int descriptor) { return ipc::Descriptor(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0)); }

bool are_one_file(int descriptor, int other) {
  struct stat one {};
  struct stat two {};
  return ::fstat(descriptor, &one) == 0 && ::fstat(other, &two) == 0 && one.st_dev == two.st_dev &&
         one.st_ino == two.st_ino;
}

Frame named(FrameType type, std::string_view name) {
  Frame frame = keeper::make_frame(type, 0);
  keeper::set_text(frame.body.name, name);
  return frame;
}

// False: the deadline has passed.
bool wait_readable(int socket, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd ready{socket, POLLIN, 0};
  return ::poll(&ready, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000))) > 0 ||
         Clock::now() < deadline;
}

}  // namespace

// What this process had asked before it began anew may be answered yet: no number is used twice.
KeeperLink::KeeperLink(std::string where)
    : where_(std::move(where)), number_(static_cast<std::uint64_t>(ipc::monotonic_ns())) {}

std::unique_ptr<KeeperLink> KeeperLink::open(const std::string& where, std::chrono::milliseconds patience,
                                             ipc::Descriptor passed) {
  if (where.empty()) return nullptr;
  std::unique_ptr<KeeperLink> link(new KeeperLink(where));
  link->take(Clock::now() + patience, std::move(passed));
  for (const Held& held : link->taken_.held) {
    ipc::Descriptor copy = duplicate(held.descriptor.get());
    if (!copy) {
      throw std::runtime_error(fmt::format(
          "out of descriptors at {} that the keeper holds: raise LimitNOFILE", link->taken_.held.size()));
    }
    link->kept_[held.name] = std::make_shared<const ipc::Descriptor>(std::move(copy));
  }
  return link;
}

KeeperLink::~KeeperLink() = default;

void KeeperLink::take(Clock::time_point deadline, ipc::Descriptor passed) {
  for (;;) {
    const auto reach_until = std::min(deadline, Clock::now() + kReachWithin);
    if (passed) {
      socket_ = std::exchange(passed, {});
    } else {
      socket_ = is_inherited(where_) ? inherited(where_) : reach(where_, reach_until);
    }
    taken_ = {};
    Handing handing = Handing::kEnded;
    if (send_to_keeper(socket_.get(), keeper::make_frame(FrameType::kTake, ++number_), -1)) {
      handing = Handing::kPending;
      while (handing == Handing::kPending && wait_readable(socket_.get(), deadline))
        handing = receive_taken();
    }
    if (handing == Handing::kDone) break;
    if (handing == Handing::kPending || Clock::now() >= deadline) {
      throw std::runtime_error(
          fmt::format("the keeper at {} does not hand over what it holds: it waits for the end of the former "
                      "ringpostd, whose "
                      "process still runs; end that first",
                      where_));
    }
    if (is_inherited(where_)) {
      throw std::runtime_error(
          "the keeper that has started ringpostd closed the connection: it is dead, or of another version");
    }
    std::this_thread::sleep_for(kReachPause);  // it is being restarted
  }
  takes_ = taken_.takes;
  ends_with_daemon_ = taken_.ends_with_daemon;
  takes_again_ = taken_.takes_again;
}

KeeperLink::Handing KeeperLink::receive_taken() {
  for (;;) {
    KeeperFrame received = receive_from_keeper(socket_.get());
    if (received.what == KeeperFrame::What::kNothing) return Handing::kPending;
    if (received.what == KeeperFrame::What::kEnd) return Handing::kEnded;
    if (received.what == KeeperFrame::What::kOutOfDescriptors) {
      throw std::runtime_error(fmt::format(
          "out of descriptors after {} that the keeper holds: raise LimitNOFILE", taken_.held.size()));
    }
    const Frame& frame = received.frame;
    if (frame.type != FrameType::kRefused && frame.number != number_) continue;  // of before it began anew
    if (frame.type == FrameType::kHeld && received.descriptor) {
      taken_.held.push_back({std::string(keeper::text_of(frame.body.name)), std::move(received.descriptor)});
    } else if (frame.type == FrameType::kTaken && frame.count == taken_.held.size()) {
      taken_.takes = frame.body.taken.takes;
      taken_.ends_with_daemon = (frame.body.taken.flags & keeper::kEndsWithDaemon) != 0;
      taken_.takes_again = (frame.body.taken.flags & keeper::kTakesAgain) != 0;
      return Handing::kDone;
    } else {
      return Handing::kEnded;
    }
  }
}

Taken KeeperLink::take_held() { return std::exchange(taken_, {}); }

void KeeperLink::start(boost::asio::io_context& io) {
  io_ = &io;
  timer_ = std::make_unique<boost::asio::steady_timer>(io);
  use(socket_.release());
  phase_ = Phase::kConnected;
  send();  // what was dropped before
}

void KeeperLink::use(int socket) {
  stream_ = std::make_unique<Stream>(*io_, socket);
  waits_for_room_ = false;
  ++connection_;
  wait_for_answers();
}

void KeeperLink::keep(std::string name, int descriptor, Kept done) {
  auto copy = std::make_shared<const ipc::Descriptor>(duplicate(descriptor));
  if (phase_ != Phase::kConnected || !*copy || !keeper::is_name(name) || keeper::is_reserved(name)) {
    post([done = std::move(done)] { done(false); });
    return;
  }
  Question question;
  question.frame = named(FrameType::kKeep, name);
  question.descriptor = copy;
  question.kept = std::move(done);
  kept_[std::move(name)] = std::move(copy);
  ask(std::move(question));
}

bool KeeperLink::keeps(const std::string& name, int descriptor) const {
  const auto found = kept_.find(name);
  return found != kept_.end() && are_one_file(found->second->get(), descriptor);
}

void KeeperLink::drop(const std::string& name, Dropped done) {
  kept_.erase(name);
  // What goes away while the keeper does is not offered to it again.
  if (phase_ == Phase::kAway || !keeper::is_name(name) || keeper::is_reserved(name)) {
    if (done) post(std::move(done));
    return;
  }
  Question question;
  question.frame = named(FrameType::kDrop, name);
  question.dropped = std::move(done);
  ask(std::move(question));
}

void KeeperLink::ask(Question question) {
  question.frame.number = ++number_;
  unsent_.push_back(std::move(question));
  send();
}

void KeeperLink::send() {
  while (!unsent_.empty() && !waits_for_room_ && stream_) {
    Question& question = unsent_.front();
    const int descriptor = question.descriptor ? question.descriptor->get() : -1;
    if (!send_to_keeper(stream_->native_handle(), question.frame, descriptor)) {
      if (errno == EAGAIN) return wait_for_room();
      // Descriptors in flight, or memory: it passes.
      if (errno == ETOOMANYREFS || errno == ENOBUFS || errno == ENOMEM) return send_later();
      return lost();
    }
    unanswered_.push_back(std::move(question));
    unsent_.pop_front();
  }
}

// What was waited for on a connection that has gone meanwhile is of no interest any more.
template <typename Call>
auto KeeperLink::on_this_connection(Call call) {
  return [this, alive = std::weak_ptr<bool>(alive_), connection = connection_,
          call](const boost::system::error_code& failed) {
    if (!failed && !alive.expired() && stream_ && connection == connection_) call();
  };
}

void KeeperLink::wait_for_room() {
  waits_for_room_ = true;
  stream_->async_wait(Stream::wait_write, on_this_connection([this] { room_has_come(); }));
}

void KeeperLink::send_later() {
  waits_for_room_ = true;
  timer_->expires_after(kSendAgain);
  timer_->async_wait(on_this_connection([this] { room_has_come(); }));
}

void KeeperLink::room_has_come() {
  waits_for_room_ = false;
  send();
}

void KeeperLink::wait_for_answers() {
  stream_->async_wait(Stream::wait_read, on_this_connection([this] { read(); }));
}

void KeeperLink::read() {
  const std::weak_ptr<bool> alive = alive_;
  for (int frames = 0; frames < kFramesAtOnceMax; ++frames) {
    const KeeperFrame received = receive_from_keeper(stream_->native_handle());
    if (received.what == KeeperFrame::What::kNothing) break;
    if (received.what != KeeperFrame::What::kFrame || !answer(received.frame)) return lost();
    if (alive.expired() || !stream_) return;  // a callback may do as it likes
  }
  wait_for_answers();
}

bool KeeperLink::answer(const Frame& frame) {
  if (frame.type == FrameType::kRefused) {
    log_limited(spdlog::level::err, "keeper-refused", {}, "the keeper at {} has refused: {}", where_,
                keeper::text_of(frame.body.text));
    return false;
  }
  if (unanswered_.empty() || unanswered_.front().frame.number != frame.number) return false;
  Question question = std::move(unanswered_.front());
  unanswered_.pop_front();
  switch (question.frame.type) {
    case FrameType::kOffer:
      if (frame.type != FrameType::kTaken) return false;
      takes_ = frame.body.taken.takes;
      offer_all();
      return true;
    case FrameType::kKeep:
      if (frame.type == FrameType::kFull) {
        log_limited(spdlog::level::err, "keeper-full", {}, "the keeper at {} is full: {}", where_,
                    keeper::text_of(frame.body.text));
      } else if (frame.type != FrameType::kKept) {
        return false;
      }
      settle(question, frame.type == FrameType::kKept);
      return true;
    case FrameType::kDrop:
      if (frame.type != FrameType::kDropped) return false;
      if (question.dropped) question.dropped();
      return true;
    default:  // Settled
      if (frame.type != FrameType::kDropped) return false;
      phase_ = Phase::kConnected;
      pause_ = {};
      if (changed_) changed_(true);
      return true;
  }
}

void KeeperLink::settle(Question& question, bool kept) {
  if (question.is_offer) return;  // where it had no room, it stays here, for the next time
  const auto found = kept_.find(std::string(keeper::text_of(question.frame.body.name)));
  if (!kept && found != kept_.end() && found->second == question.descriptor) kept_.erase(found);
  if (question.kept) question.kept(kept);
}

void KeeperLink::lost() {
  if (!stream_) return;
  stream_.reset();
  timer_->cancel();
  waits_for_room_ = false;
  const bool was_connected = phase_ == Phase::kConnected;
  phase_ = Phase::kAway;
  fail_all();
  if (was_connected) {
    post([this] {
      if (changed_) changed_(false);
    });
  }
  if (is_inherited(where_)) {
    kept_.clear();  // nobody will ever want it
  } else {
    reconnect_later();
  }
}

void KeeperLink::fail_all() {
  for (std::deque<Question>* questions : {&unanswered_, &unsent_}) {
    for (Question& question : *questions) {
      post([this, question = std::make_shared<Question>(std::move(question))] {
        if (question->frame.type == FrameType::kKeep) settle(*question, false);
        if (question->dropped) question->dropped();
      });
    }
    questions->clear();
  }
}

void KeeperLink::reconnect_later() {
  pause_ = std::clamp(2 * pause_, kReconnectFirst, kReconnectMax);
  timer_->expires_after(pause_);
  timer_->async_wait([this, alive = std::weak_ptr<bool>(alive_)](const boost::system::error_code& failed) {
    if (!failed && !alive.expired() && !stream_) reconnect();
  });
}

void KeeperLink::reconnect() {
  ipc::Descriptor socket = connect_keeper(where_);
  if (!socket) return reconnect_later();
  phase_ = Phase::kOffering;
  use(socket.release());
  Question offer;
  offer.frame = keeper::make_frame(FrameType::kOffer, 0);
  offer.frame.count = takes_;
  ask(std::move(offer));
}

void KeeperLink::offer_all() {
  for (const auto& [name, descriptor] : kept_) {
    if (!stream_) return;  // lost again
    Question question;
    question.frame = named(FrameType::kKeep, name);
    question.descriptor = descriptor;
    question.is_offer = true;
    ask(std::move(question));
  }
  if (!stream_) return;
  Question settled;
  settled.frame = keeper::make_frame(FrameType::kSettled, 0);
  ask(std::move(settled));
}

void KeeperLink::post(std::function<void()> call) {
  assert(io_ != nullptr);
  boost::asio::post(*io_, [alive = std::weak_ptr<bool>(alive_), call = std::move(call)] {
    if (!alive.expired()) call();
  });
}

}  // namespace ringpost::daemon
