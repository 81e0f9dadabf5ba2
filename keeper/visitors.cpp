#include "keeper/visitors.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ringpost::keeper {
namespace {

constexpr std::int64_t kAskWithinMs = 5000;

void close_visitor(Visitor& visitor) {
  ::close(visitor.socket);
  ::close(visitor.pidfd);
  visitor = {};
}

}  // namespace

void refuse_and_close(int socket, std::uint64_t number, const char* text) {
  Frame refusal = make_frame(FrameType::kRefused, number);
  set_text(refusal.body.text, text);
  send_frame(socket, refusal, -1);
  ::close(socket);
}

bool Visitors::accept_from(int listener, std::int64_t now_ms) {
  for (std::uint32_t round = 0; round < 2 * kMax; ++round) {
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED;
    const Peer peer = peer_of(socket);
    if (peer.uid != ::geteuid() && peer.uid != 0) {
      chatter_.say("uid %u (pid %d) may not connect here: only uid %u and root may", peer.uid, peer.pid,
                   ::geteuid());
      ::close(socket);
      continue;
    }
    const int pidfd = pidfd_of(socket, peer);
    if (pidfd < 0) {
      chatter_.say(
          "the process of a connection (pid %d) can't be watched (%s): it was closed, because nobody could "
          "tell "
          "when it ends; a daemon in another PID namespace needs a keeper there",
          peer.pid, std::strerror(errno));
      ::close(socket);
      continue;
    }
    add(socket, pidfd, peer.pid, now_ms);
  }
  return true;
}

void Visitors::add(int socket, int pidfd, pid_t pid, std::int64_t now_ms) {
  for (Visitor& visitor : visitors_) {
    if (visitor.socket >= 0) continue;
    visitor.socket = socket;
    visitor.pidfd = pidfd;
    visitor.pid = pid;
    visitor.asks_until_ms = now_ms + kAskWithinMs;
    return;
  }
  chatter_.say("%u connections wait already: one of pid %d was closed", kMax, pid);
  ::close(socket);
  ::close(pidfd);
}

void Visitors::watch(PollSet& polls) {
  for (Visitor& visitor : visitors_) {
    // Who has asked is read no further until its turn has come; its end is seen in any case.
    visitor.socket_entry = polls.watch(visitor.socket, visitor.has_asked ? POLLRDHUP : POLLIN);
    visitor.pidfd_entry = polls.watch(visitor.pidfd, POLLIN);
    if (visitor.socket >= 0 && !visitor.has_asked) polls.wake_at(visitor.asks_until_ms);
  }
}

void Visitors::advance(const PollSet& polls, std::int64_t now_ms) {
  for (Visitor& visitor : visitors_) {
    if (visitor.socket < 0) continue;
    const bool has_come = polls.came(visitor.socket_entry) != 0;
    const bool is_too_late = !visitor.has_asked && now_ms >= visitor.asks_until_ms;
    if (polls.came(visitor.pidfd_entry) != 0 || (has_come && visitor.has_asked) || is_too_late) {
      close_visitor(visitor);
    } else if (has_come) {
      read(visitor);
    }
  }
}

void Visitors::read(Visitor& visitor) {
  const Received received = receive_frame(visitor.socket);
  if (received.what == Received::What::kNothing) return;
  if (received.what == Received::What::kEnd) return close_visitor(visitor);
  const FrameType type = received.frame.type;
  const bool is_asking = type == FrameType::kTake || type == FrameType::kOffer;
  if (received.what == Received::What::kFrame && is_asking && received.descriptor < 0) {
    visitor.has_asked = true;
    visitor.question = received.frame;
    visitor.order = ++asked_;
    return;
  }
  if (received.descriptor >= 0) ::close(received.descriptor);
  chatter_.say("pid %d has not begun with Take or Offer of protocol version %u: its connection was closed",
               visitor.pid, kProtocolVersion);
  refuse_and_close(visitor.socket, received.frame.number,
                   "a connection begins with Take or Offer of protocol version 1");
  ::close(visitor.pidfd);
  visitor = {};
}

bool Visitors::next(Visitor& chosen) {
  for (;;) {
    Visitor* first = nullptr;
    for (Visitor& visitor : visitors_) {
      if (visitor.has_asked && (first == nullptr || visitor.order < first->order)) first = &visitor;
    }
    if (first == nullptr || !is_dead(first->pidfd)) return give(first, chosen);
    close_visitor(*first);
  }
}

bool Visitors::next_offer_of(pid_t pid, Visitor& chosen) {
  for (Visitor& visitor : visitors_) {
    const bool offers = visitor.has_asked && visitor.question.type == FrameType::kOffer;
    if (offers && visitor.pid == pid && !is_dead(visitor.pidfd)) return give(&visitor, chosen);
  }
  return false;
}

bool Visitors::give(Visitor* visitor, Visitor& chosen) {
  if (visitor == nullptr) return false;
  chosen = *visitor;
  *visitor = {};
  return true;
}

}  // namespace ringpost::keeper
