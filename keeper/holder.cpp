#include "keeper/holder.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "keeper/log.hpp"

namespace ringpost::keeper {
namespace {

constexpr std::uint32_t kFramesARound = 64;  // so that nothing else waits for long
constexpr std::int64_t kSendAgainMs = 50;

}  // namespace

bool Holder::open(bool ends_with_daemon) {
  ends_with_daemon_ = ends_with_daemon;
  if (!succession_.open(holdings_)) return false;
  pidfd_ = succession_.holder_alive();
  if (pidfd_ >= 0) pid_ = succession_.pid();
  return true;
}

void Holder::admit(const Visitor& visitor, std::int64_t now_ms) {
  const Frame& question = visitor.question;
  const bool offers = question.type == FrameType::kOffer;
  if (offers && succession_.pid() != 0 && succession_.pid() != visitor.pid) {
    chatter_.say("pid %d offers what it holds, but pid %d held last: refused", visitor.pid,
                 succession_.pid());
    refuse_and_close(visitor.socket, question.number, "another process held last: begin with Take");
    ::close(visitor.pidfd);
    return;
  }
  hang_up();
  if (pidfd_ >= 0) ::close(pidfd_);  // of the same process
  pidfd_ = visitor.pidfd;
  pid_ = visitor.pid;
  socket_ = visitor.socket;
  is_offering_ = offers;
  if (offers) {
    const std::uint64_t known = question.count > succession_.takes() ? question.count : succession_.takes();
    succession_.record(known, pid_, pidfd_);
    holdings_.begin_offer();
    answer(FrameType::kTaken, question.number, 0, holdings_.changes());
    say("pid %d offers again what it holds", pid_);
  } else {
    begin_taking(question.number);
  }
  send(now_ms);
}

void Holder::begin_taking(std::uint64_t number) {
  succession_.record(succession_.takes() + 1, pid_, pidfd_);
  is_handing_over_ = true;
  take_number_ = number;
  next_place_ = 0;
  say("pid %d takes %u descriptors", pid_, holdings_.count());
}

bool Holder::can_read() const {
  const bool waits_for_store = holdings_.is_short_of_places() && !store_.is_late();
  return !is_handing_over_ && answer_count_ < kAnswersMax && !waits_for_store;
}

void Holder::watch(PollSet& polls) {
  const int events = (can_read() ? POLLIN : 0) | (waits_for_room_ ? POLLOUT : 0);
  socket_entry_ = polls.watch(socket_, static_cast<short>(events));
  pidfd_entry_ = polls.watch(pidfd_, POLLIN);
  if (retry_at_ms_ != 0) polls.wake_at(retry_at_ms_);
}

void Holder::advance(const PollSet& polls, std::int64_t now_ms) {
  if (is_vacant()) return;
  if (polls.came(pidfd_entry_) != 0) return has_died();
  const int came = polls.came(socket_entry_);
  // A hang-up comes even if nobody asked for it: what was sent before it is still read, and its end is found by that.
  if ((came & (POLLIN | POLLHUP | POLLERR)) != 0) read();
  if ((came & POLLOUT) != 0) waits_for_room_ = false;
  if (retry_at_ms_ != 0 && now_ms >= retry_at_ms_) retry_at_ms_ = 0;
  send(now_ms);
}

void Holder::read() {
  for (std::uint32_t frames = 0; socket_ >= 0 && frames < kFramesARound; ++frames) {
    if (!can_read()) {
      if (is_gone()) hang_up();  // nobody is there for the answers that have no room
      return;
    }
    const Received received = receive_frame(socket_);
    switch (received.what) {
      case Received::What::kNothing:
        return;
      case Received::What::kEnd:
        return hang_up();
      case Received::What::kOdd:
        return refuse(received.frame.number, "no frame of protocol version 1, or more than one descriptor");
      case Received::What::kFrame:
        if (question(received)) continue;
        if (received.descriptor >= 0) ::close(received.descriptor);
        return refuse(received.frame.number, "a question, a name or a descriptor that does not belong here");
    }
  }
}

bool Holder::is_gone() const {
  pollfd ends[] = {{socket_, 0, 0}, {pidfd_, POLLIN, 0}};
  return ::poll(&ends[0], 2, 0) > 0;
}

bool Holder::question(const Received& received) {
  const Frame& frame = received.frame;
  const bool has_descriptor = received.descriptor >= 0 || received.lost_descriptor;
  if (frame.type == FrameType::kKeep) return keep(received);
  if (has_descriptor) return false;
  if (frame.type == FrameType::kTake) {
    is_offering_ = false;
    begin_taking(frame.number);
    return true;
  }
  if (frame.type == FrameType::kDrop) {
    const std::string_view name = text_of(frame.body.name);
    if (!is_name(name) || is_reserved(name)) return false;
    // It drops, and then closes: if it has gone in between, the keeper would be the last to close. Its successor drops.
    if (is_gone()) return true;
    answer(FrameType::kDropped, frame.number, holdings_.drop(name) ? 1 : 0, 0);
    return true;
  }
  if (frame.type == FrameType::kSettled && is_offering_) {
    is_offering_ = false;
    answer(FrameType::kDropped, frame.number, holdings_.drop_unoffered(), 0);
    return true;
  }
  return false;
}

bool Holder::keep(const Received& received) {
  const Frame& frame = received.frame;
  const std::string_view name = text_of(frame.body.name);
  if (!is_name(name) || is_reserved(name)) return false;
  if (received.lost_descriptor) {
    answer(FrameType::kFull, frame.number, holdings_.count(), 0);
    return true;
  }
  if (received.descriptor < 0) return false;
  const bool is_kept = holdings_.keep(name, received.descriptor);
  answer(is_kept ? FrameType::kKept : FrameType::kFull, frame.number, holdings_.count(), holdings_.changes());
  return true;
}

void Holder::answer(FrameType type, std::uint64_t number, std::uint64_t count, std::uint64_t change) {
  answers_[(first_answer_ + answer_count_) % kAnswersMax] = {type, number, count, change};
  ++answer_count_;
}

void Holder::send(std::int64_t now_ms) {
  if (socket_ < 0 || waits_for_room_ || retry_at_ms_ != 0) return;
  if (is_handing_over_ && !hand_over(now_ms)) return;
  send_answers(now_ms);
}

bool Holder::hand_over(std::int64_t now_ms) {
  std::uint32_t place = next_place_;
  while (const Holding* holding = holdings_.next(place)) {
    Frame frame = make_frame(FrameType::kHeld, take_number_);
    set_text(frame.body.name, text_of(holding->name));
    if (!sent(send_frame(socket_, frame, holding->descriptor), now_ms)) return false;
    next_place_ = place;
  }
  is_handing_over_ = false;
  answer(FrameType::kTaken, take_number_, holdings_.count(), holdings_.changes());
  return true;
}

bool Holder::send_answers(std::int64_t now_ms) {
  while (answer_count_ != 0 && store_.has(answers_[first_answer_].change)) {
    if (!sent(send_frame(socket_, frame_of(answers_[first_answer_]), -1), now_ms)) return false;
    first_answer_ = (first_answer_ + 1) % kAnswersMax;
    --answer_count_;
  }
  return true;
}

bool Holder::sent(SendResult result, std::int64_t now_ms) {
  if (result == SendResult::kSent) return true;
  if (result == SendResult::kBroken) {
    hang_up();
  } else if (errno == EAGAIN) {
    waits_for_room_ = true;
  } else {
    retry_at_ms_ = now_ms + kSendAgainMs;
  }
  return false;
}

Frame Holder::frame_of(const Answer& answer) const {
  Frame frame = make_frame(answer.type, answer.number);
  frame.count = answer.count;
  if (answer.type == FrameType::kTaken) {
    frame.body.taken.takes = succession_.takes();
    frame.body.taken.flags = kTakesAgain | (ends_with_daemon_ ? kEndsWithDaemon : 0);
  } else if (answer.type == FrameType::kFull) {
    std::snprintf(&frame.body.text[0], sizeof frame.body.text,
                  "%u descriptors are held, at most %u (RLIMIT_NOFILE%s)", holdings_.count(),
                  holdings_.limit(), store_.limit() != 0 ? ", FileDescriptorStoreMax" : "");
  }
  return frame;
}

void Holder::refuse(std::uint64_t number, const char* text) {
  chatter_.say("pid %d has sent %s: its connection was closed", pid_, text);
  refuse_and_close(socket_, number, text);
  socket_ = -1;
  hang_up();
}

void Holder::hang_up() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  is_handing_over_ = false;
  is_offering_ = false;
  answer_count_ = 0;
  waits_for_room_ = false;
  retry_at_ms_ = 0;
}

void Holder::has_died() {
  // What it wanted kept is kept: closed here, it might be a client's connection whose last holder we are.
  while (socket_ >= 0) {
    const Received received = receive_frame(socket_);
    if (received.what == Received::What::kNothing || received.what == Received::What::kEnd) break;
    if (received.descriptor < 0) continue;
    const std::string_view name = text_of(received.frame.body.name);
    if (received.frame.type == FrameType::kKeep && is_name(name) && !is_reserved(name)) {
      holdings_.keep(name, received.descriptor);
    } else {
      ::close(received.descriptor);
    }
  }
  say("pid %d is dead: %u descriptors wait for its successor", pid_, holdings_.count());
  hang_up();
  ::close(pidfd_);
  pidfd_ = -1;
  pid_ = 0;
}

}  // namespace ringpost::keeper
