#include "daemon/control/socket_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "ipc/control_socket.hpp"

namespace ringpost::daemon {
namespace {

constexpr mode_t kSocketUmask = 0111;  // 0666: every user may connect, `allow` says who may publish
constexpr mode_t kLockMode = 0644;
constexpr int kPassRights = 83;  // SO_PASSRIGHTS: newer than Debian 12's headers

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

std::string reason() { return std::strerror(errno); }

// Where it was bound; empty when nobody knows.
std::string path_of(int socket) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return static_cast<const char*>(address.sun_path);
}

// The number that the lock's holder has written into it, for the message.
std::string holder_of(int lock) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(lock, text.data(), text.size() - 1, 0);
  const long pid = size > 0 ? std::strtol(text.data(), nullptr, 10) : 0;
  return pid > 0 ? fmt::format(" (pid {})", pid) : std::string();
}

}  // namespace

SocketFile::SocketFile(std::string path) : path_(std::move(path)) { take_lock(); }

void SocketFile::open(ipc::Descriptor inherited, std::uint64_t inode_of_inherited) {
  if (inherited && take_over(std::move(inherited), inode_of_inherited)) return;
  remove_stale_file();
  bind();
}

void SocketFile::open_activated(ipc::Descriptor activated) {
  const std::string path = path_of(activated.get());
  if (path != path_) {
    fail(fmt::format("the service manager listens at {}, and daemon.socket is {}: change one of them", path,
                     path_));
  }
  const int flags = ::fcntl(activated.get(), F_GETFL);
  if (flags < 0 || ::fcntl(activated.get(), F_SETFL, flags | O_NONBLOCK) != 0 || !note_file()) {
    fail(fmt::format("can't use the service manager's socket {}: {}", path_, reason()));
  }
  socket_ = std::move(activated);
  is_inherited_ = true;  // connections may have waited in its queue
  is_activated_ = true;
}

// False: the configuration names another path now, or the file is not the one that leads to this socket.
bool SocketFile::take_over(ipc::Descriptor inherited, std::uint64_t inode) {
  const std::string path_before = path_of(inherited.get());
  if (path_before.empty()) return false;
  struct stat status {};
  const bool leads_there = ::lstat(path_before.c_str(), &status) == 0 && status.st_ino == inode;
  if (leads_there && path_ != path_before) ::unlink(path_before.c_str());  // nobody listens there any more
  if (!leads_there || path_ != path_before) return false;
  socket_ = std::move(inherited);
  is_inherited_ = note_file();
  return is_inherited_;
}

bool SocketFile::note_file() {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) return false;
  device_ = status.st_dev;
  inode_ = status.st_ino;
  return true;
}

void SocketFile::take_lock() {
  const std::string name = path_ + ".lock";
  lock_ = ipc::Descriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kLockMode));
  if (!lock_) {
    const char* hint = errno == ENOENT ? ": create the directory, or set daemon.socket elsewhere" : "";
    fail(fmt::format("can't create {}: {}{}", name, reason(), hint));
  }
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail(fmt::format("can't lock {}: {}", name, reason()));
    fail(fmt::format(
        "another ringpostd{} serves {}: stop it first, or give this one a daemon.socket of its own",
        holder_of(lock_.get()), path_));
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock_.get(), 0) != 0 ||
      ::pwrite(lock_.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    fail(fmt::format("can't write {}: {}", name, reason()));
  }
}

void SocketFile::remove_stale_file() {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    fail(fmt::format("can't look at {}: {}", path_, reason()));
  }
  if (!S_ISSOCK(status.st_mode)) {
    fail(
        fmt::format("{} exists and is not a socket: it was left alone; move it away, or set daemon.socket "
                    "elsewhere",
                    path_));
  }
  // No ringpostd has it, for the lock is ours. But another program may listen there.
  const ipc::Descriptor probe = ipc::connect_control(path_);
  if (!probe && errno == EACCES) {
    fail(
        fmt::format("{} is a socket of another user (uid {}): it was left alone; remove it, or set "
                    "daemon.socket elsewhere",
                    path_, status.st_uid));
  }
  if (probe || errno != ECONNREFUSED) {
    fail(fmt::format(
        "{} is a socket that another program uses: it was left alone; set daemon.socket elsewhere", path_));
  }
  if (::unlink(path_.c_str()) != 0) fail(fmt::format("can't replace {}: {}", path_, reason()));
}

void SocketFile::bind() {
  socket_ = ipc::Descriptor(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) fail(fmt::format("can't create a socket: {}", reason()));
  // Linux 6.16: nobody can send descriptors to the connections of this socket. Where it is not known, undertaker.hpp
  // keeps them from doing harm.
  const int no = 0;
  ::setsockopt(socket_.get(), SOL_SOCKET, kPassRights, &no, sizeof no);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) fail(fmt::format("{} is too long for a socket", path_));
  std::memcpy(address.sun_path, path_.data(), path_.size());
  const mode_t umask_before = ::umask(kSocketUmask);
  const int bound = ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int why = errno;
  ::umask(umask_before);
  errno = why;
  if (bound != 0 || !note_file()) fail(fmt::format("can't create the socket {}: {}", path_, reason()));
}

void SocketFile::listen() {
  if (::listen(socket_.get(), SOMAXCONN) != 0) fail(fmt::format("can't listen at {}: {}", path_, reason()));
}

ipc::Descriptor SocketFile::remove() {
  if (!socket_) return {};
  struct stat status {};
  if (!is_activated_ && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  return std::move(socket_);
}

}  // namespace ringpost::daemon
