#include "keeper/listening_socket.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "keeper/log.hpp"

namespace ringpost::keeper {
namespace {

constexpr int kBacklog = 16;
constexpr mode_t kSocketUmask = 0177;

bool set_address(const char* path, sockaddr_un& address) {
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(path);
  if (size == 0 || size >= sizeof address.sun_path) return false;
  std::memcpy(&address.sun_path[0], path, size);
  return true;
}

bool is_answered(const sockaddr_un& address) {
  const int probe = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool connected = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const bool refused = !connected && errno == ECONNREFUSED;
  ::close(probe);
  return !refused;
}

}  // namespace

bool ListeningSocket::open(const char* path) {
  path_ = path;
  sockaddr_un address{};
  if (!set_address(path, address)) {
    say("--socket \"%s\": a path of 1 to %zu bytes is needed", path, sizeof address.sun_path - 1);
    return false;
  }
  if (!take_lock() || !remove_stale_file()) return false;
  socket_ = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const mode_t umask_before = ::umask(kSocketUmask);
  const bool bound =
      socket_ >= 0 && ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int why = errno;
  ::umask(umask_before);
  errno = why;
  if (!bound || ::listen(socket_, kBacklog) != 0 || ::lstat(path, &file_) != 0) {
    say("can't listen at %s: %s", path, std::strerror(errno));
    return false;
  }
  return true;
}

void ListeningSocket::adopt(int socket) {
  ::fcntl(socket, F_SETFL, O_NONBLOCK);
  socket_ = socket;
}

bool ListeningSocket::take_lock() {
  char name[PATH_MAX];
  std::snprintf(name, sizeof name, "%s.lock", path_);
  lock_ = ::open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_ < 0) {
    say("can't create %s: %s%s", name, std::strerror(errno),
        errno == ENOENT ? ": create the directory first" : "");
    return false;
  }
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    say("another ringpost-keeper serves %s: stop it first, or give this one a --socket of its own", path_);
    return false;
  }
  return true;
}

bool ListeningSocket::remove_stale_file() {
  struct stat status {};
  if (::lstat(path_, &status) != 0) {
    if (errno == ENOENT) return true;
    say("can't look at %s: %s", path_, std::strerror(errno));
    return false;
  }
  sockaddr_un address{};
  set_address(path_, address);
  if (!S_ISSOCK(status.st_mode) || is_answered(address)) {
    say("%s is %s: it was left alone; move it away, or choose another --socket", path_,
        S_ISSOCK(status.st_mode) ? "a socket that another program uses" : "no socket");
    return false;
  }
  if (::unlink(path_) == 0) return true;
  say("can't replace %s: %s", path_, std::strerror(errno));
  return false;
}

void ListeningSocket::remove() {
  struct stat status {};
  const bool is_ours = path_ != nullptr && ::lstat(path_, &status) == 0 && status.st_dev == file_.st_dev &&
                       status.st_ino == file_.st_ino;
  if (is_ours) ::unlink(path_);
}

}  // namespace ringpost::keeper
