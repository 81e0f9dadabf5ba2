#include "daemon/store/state_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "daemon/store/files.hpp"

namespace ringpost::daemon {
namespace {

constexpr mode_t kDirectoryMode = 0750;
constexpr mode_t kInstanceMode = 0700;
constexpr mode_t kLockMode = 0640;
constexpr const char* kLockName = ".lock";  // no instance can be named so

std::string reason() { return errno_text(errno); }

// Empty, or what is wrong with a directory that we are to keep events in.
std::string fault_of(int directory, const std::string& path) {
  struct stat status {};
  if (::fstat(directory, &status) != 0) return fmt::format("can't look at {}: {}", path, reason());
  if (status.st_uid != ::geteuid()) {
    return fmt::format("{} belongs to user {}, and ringpostd runs as {}: chown it, or name another directory",
                       path, status.st_uid, ::geteuid());
  }
  if ((status.st_mode & S_IWOTH) != 0)
    return fmt::format("{} can be written by everybody: chmod o-w it, or name another directory", path);
  return {};
}

// A directory of somebody else's: full, and without the lock that ours has from its first moment on. Without the right to
// look there is no telling.
bool holds_something_else(int directory) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* stream = copy < 0 ? nullptr : ::fdopendir(copy);
  if (stream == nullptr) {
    if (copy >= 0) ::close(copy);
    return false;
  }
  bool anything = false;
  bool lock = false;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this call's own
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name == kLockName) lock = true;
    if (name != "." && name != ".." && name != "lost+found") anything = true;
  }
  ::closedir(stream);
  return anything && !lock;
}

std::string holder_of_lock(int lock) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(lock, text.data(), text.size() - 1, 0);
  const long pid = size > 0 ? std::strtol(text.data(), nullptr, 10) : 0;
  return pid > 0 ? fmt::format(" (pid {})", pid) : std::string();
}

// Empty, or what keeps us from having the lock.
std::string take_state_lock(int directory, const std::string& path, ipc::Descriptor& lock) {
  lock =
      ipc::Descriptor(::openat(directory, kLockName, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kLockMode));
  if (!lock) return fmt::format("can't create {}/{}: {}", path, kLockName, reason());
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fmt::format("can't lock {}/{}: {}", path, kLockName, reason());
    return fmt::format(
        "another ringpostd{} keeps its events in {}: stop it first, or give this one a directory of its own",
        holder_of_lock(lock.get()), path);
  }
  // For the message above only: a full disk is no reason not to start.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock.get(), 0) == 0)
    static_cast<void>(::pwrite(lock.get(), pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size()));
  return {};
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_not_of('/') == std::string::npos
                                ? std::string::npos
                                : path.find_last_of('/', path.find_last_not_of('/'));
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Makes it where it is missing; empty, or why that is not possible.
std::string make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), kDirectoryMode) == 0) {
    real_files().sync_directory(
        parent_of(path));  // where that fails, the next loss of power takes an empty folder
    return {};
  }
  if (errno == EEXIST) return {};
  const char* hint = errno == ENOENT ? ": create the directory it lies in, or name another one" : "";
  return fmt::format("can't create {}: {}{}", path, reason(), hint);
}

}  // namespace

StateDirectory::StateDirectory(std::string path, ipc::Descriptor directory, ipc::Descriptor lock)
    : path_(std::move(path)), directory_(std::move(directory)), lock_(std::move(lock)) {}

std::unique_ptr<StateDirectory> StateDirectory::open(const std::string& path, bool create,
                                                     std::string& problem) {
  problem = create ? make_directory(path) : std::string();
  if (!problem.empty()) return nullptr;
  ipc::Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory) {
    problem = errno == ENOTDIR
                  ? fmt::format(
                        "{} is not a directory: it was left alone; move it away, or name another path", path)
                  : fmt::format("can't open the directory {}: {}", path, reason());
    return nullptr;
  }
  problem = fault_of(directory.get(), path);
  if (problem.empty() && holds_something_else(directory.get()))
    problem = fmt::format("{} holds something else: it was left alone; name a directory that is empty", path);
  ipc::Descriptor lock;
  if (problem.empty()) problem = take_state_lock(directory.get(), path, lock);
  if (!problem.empty()) return nullptr;
  return std::unique_ptr<StateDirectory>(new StateDirectory(path, std::move(directory), std::move(lock)));
}

std::string StateDirectory::instance_path(const std::string& state_directory, std::string_view instance) {
  return fmt::format("{}/{}", state_directory, instance);
}

std::string StateDirectory::instance_directory(std::string_view instance, std::string& problem) {
  const std::string path = instance_path(path_, instance);
  const std::string name(instance);
  problem.clear();
  if (::mkdirat(directory_.get(), name.c_str(), kInstanceMode) == 0) {
    ::fsync(directory_.get());
  } else if (errno != EEXIST) {
    problem = fmt::format("can't create {}: {}", path, reason());
    return {};
  }
  const ipc::Descriptor opened(
      ::openat(directory_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  problem =
      opened ? fault_of(opened.get(), path) : fmt::format("can't open the directory {}: {}", path, reason());
  return problem.empty() ? path : std::string();
}

}  // namespace ringpost::daemon
