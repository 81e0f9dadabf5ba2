#include "keeper/systemd_store.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "keeper/frame_socket.hpp"
#include "keeper/log.hpp"

namespace ringpost::keeper {
namespace {

constexpr std::int64_t kPatienceMs = 5000;
constexpr std::int64_t kRetryMs = 50;
constexpr int kFirstPassed = 3;  // SD_LISTEN_FDS_START
constexpr std::string_view kSocketName = "ringpost-keeper.socket";

std::uint32_t number_in_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return 0;
  char* end = nullptr;
  const unsigned long number = std::strtoul(text, &end, 10);
  return end == text || *end != '\0' || number > 1'000'000 ? 0 : static_cast<std::uint32_t>(number);
}

// The next of a list that colons separate; `list` is what comes behind it.
std::string_view next_name(const char*& list) {
  const char* begin = list;
  while (*list != '\0' && *list != ':') ++list;
  const std::string_view name(begin, static_cast<std::size_t>(list - begin));
  if (*list == ':') ++list;
  return name;
}

}  // namespace

bool SystemdStore::open() {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return true;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(path);
  if ((path[0] != '/' && path[0] != '@') || size >= sizeof address.sun_path) {
    say("NOTIFY_SOCKET \"%s\" is no path of a socket", path);
    return false;
  }
  std::memcpy(&address.sun_path[0], path, size);
  // A name of the abstract kind begins with a zero and does not end with one.
  if (path[0] == '@') address.sun_path[0] = '\0';
  const std::size_t address_size = offsetof(sockaddr_un, sun_path) + size + (path[0] == '/' ? 1 : 0);
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  // Connected: then poll() tells when there is room on the other side.
  if (socket_ < 0 || ::connect(socket_, reinterpret_cast<const sockaddr*>(&address),
                               static_cast<socklen_t>(address_size)) != 0) {
    say("can't reach systemd at NOTIFY_SOCKET %s: %s", path, std::strerror(errno));
    return false;
  }
  limit_ = number_in_environment("FDSTORE");
  return true;
}

int SystemdStore::collect(Holdings& holdings) const {
  const char* pid = std::getenv("LISTEN_PID");
  const char* names = std::getenv("LISTEN_FDNAMES");
  if (pid == nullptr || std::strtol(pid, nullptr, 10) != ::getpid()) return -1;
  const int count = static_cast<int>(number_in_environment("LISTEN_FDS"));
  if (names == nullptr) names = "";
  int listening = -1;
  int unusable = 0;
  for (int descriptor = kFirstPassed; descriptor < kFirstPassed + count; ++descriptor) {
    const std::string_view name = next_name(names);
    const bool is_open = ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
    if (is_open && name == kSocketName && listening < 0) {
      listening = descriptor;
      continue;
    }
    const bool can_stay = is_open && is_name(name);
    if (can_stay && holdings.restore(name, descriptor)) continue;
    if (is_open && !can_stay) ::close(descriptor);
    ++unusable;
  }
  if (unusable != 0) {
    say("%d of %d descriptors from systemd were not taken: no name, or a second one of a name", unusable,
        count);
  }
  return listening;
}

void SystemdStore::notify(const char* state) const {
  if (socket_ >= 0) send(state, -1);
}

void SystemdStore::watch(PollSet& polls, const Holdings& holdings) {
  const bool must_tell = limit_ != 0 && holdings.first_untold() != nullptr;
  const bool must_ask = limit_ != 0 && barrier_ < 0 && confirmed_ < told_;
  const bool can_send = retry_at_ms_ == 0;
  socket_entry_ = polls.watch((must_tell || must_ask) && can_send ? socket_ : -1, POLLOUT);
  barrier_entry_ = polls.watch(barrier_, POLLIN);
  if (retry_at_ms_ != 0) polls.wake_at(retry_at_ms_);
  if (barrier_ >= 0 && !is_late_) polls.wake_at(barrier_since_ms_ + kPatienceMs);
}

void SystemdStore::advance(const PollSet& polls, Holdings& holdings, std::int64_t now_ms) {
  if (limit_ == 0) return;
  if (polls.came(barrier_entry_) != 0) barrier_is_back();
  if (barrier_ >= 0 && !is_late_ && now_ms - barrier_since_ms_ >= kPatienceMs) {
    is_late_ = true;
    say("systemd has not answered for %lld s: going on without its store, so that the death of this keeper "
        "would lose "
        "what is kept from now on",
        static_cast<long long>(kPatienceMs / 1000));
  }
  const bool may_retry = retry_at_ms_ != 0 && now_ms >= retry_at_ms_;
  if (polls.came(socket_entry_) != 0 || may_retry) {
    retry_at_ms_ = 0;
    tell(holdings, now_ms);
  }
}

void SystemdStore::tell(Holdings& holdings, std::int64_t now_ms) {
  Sent sent = Sent::kYes;
  while (const Holding* change = holdings.first_untold()) {
    sent = send_change(*change);
    if (sent != Sent::kYes) break;
    holdings.told();
    told_ = holdings.changes_told();
  }
  if (sent == Sent::kYes && barrier_ < 0 && confirmed_ < told_) sent = send_barrier(now_ms);
  if (sent == Sent::kNever) return give_up(holdings, std::strerror(errno));
  // EAGAIN ends when systemd reads, which poll() tells; all else when time has passed.
  if (sent == Sent::kLater && errno != EAGAIN) retry_at_ms_ = now_ms + kRetryMs;
}

SystemdStore::Sent SystemdStore::send(const char* text, int descriptor) const {
  switch (send_bytes(socket_, text, std::strlen(text), descriptor)) {
    case SendResult::kSent:
      return Sent::kYes;
    case SendResult::kLater:
      return Sent::kLater;
    case SendResult::kBroken:
      break;
  }
  return Sent::kNever;
}

SystemdStore::Sent SystemdStore::send_change(const Holding& holding) const {
  char text[256];
  if (holding.state == Holding::State::kHeld) {
    // FDPOLL=0: systemd would drop a connection that its client has closed.
    std::snprintf(text, sizeof text, "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", holding.name);
    return send(text, holding.descriptor);
  }
  if (!holding.is_stored) return Sent::kYes;  // dropped before systemd was told of it
  std::snprintf(text, sizeof text, "FDSTOREREMOVE=1\nFDNAME=%s", holding.name);
  return send(text, -1);
}

SystemdStore::Sent SystemdStore::send_barrier(std::int64_t now_ms) {
  int ends[2];
  if (::pipe2(&ends[0], O_CLOEXEC | O_NONBLOCK) != 0) return Sent::kLater;
  const Sent sent = send("BARRIER=1", ends[1]);
  const int why = errno;
  ::close(ends[1]);
  if (sent == Sent::kYes) {
    barrier_ = ends[0];
    barrier_covers_ = told_;
    barrier_since_ms_ = now_ms;
  } else {
    ::close(ends[0]);
  }
  errno = why;
  return sent;
}

void SystemdStore::barrier_is_back() {
  ::close(barrier_);
  barrier_ = -1;
  confirmed_ = barrier_covers_;
  if (is_late_) say("systemd's store answers again");
  is_late_ = false;
}

void SystemdStore::give_up(Holdings& holdings, const char* why) {
  say("systemd's store can't be reached any more (%s): going on without it, so that the death of this keeper "
      "would lose "
      "what it holds",
      why);
  limit_ = 0;
  if (barrier_ >= 0) ::close(barrier_);
  barrier_ = -1;
  holdings.forget_store();
}

}  // namespace ringpost::keeper
