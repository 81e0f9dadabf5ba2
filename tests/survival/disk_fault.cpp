// LD_PRELOAD: a disk that says no, for the files of the spool and of the dead letters, while the test wants it: see
// disk_fault.hpp; the word's file is what RINGPOST_TEST_DISK_FAULT names.
#include "tests/survival/disk_fault.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define EXPORTED extern "C" __attribute__((visibility("default")))

namespace {

using ringpost::tests::DiskFault;
using ringpost::tests::DiskFaultWord;

template <typename Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int real_open(const char* path, int flags, mode_t mode) {
  static const auto call = real<int (*)(const char*, int, ...)>("open");
  return call(path, flags, mode);
}

DiskFaultWord* word() {
  static DiskFaultWord* const mapped = [] {
    const char* const path = std::getenv("RINGPOST_TEST_DISK_FAULT");
    const int file = path != nullptr ? real_open(path, O_RDWR | O_CLOEXEC, 0) : -1;
    if (file < 0) return static_cast<DiskFaultWord*>(nullptr);
    void* const memory = ::mmap(nullptr, sizeof(DiskFaultWord), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    return memory == MAP_FAILED ? nullptr : static_cast<DiskFaultWord*>(memory);
  }();
  return mapped;
}

DiskFault fault() {
  return word() != nullptr ? word()->fault.load(std::memory_order_relaxed) : DiskFault::kNone;
}

bool begins_with(const char* path, const char* beginning) {
  const char* const slash = std::strrchr(path, '/');
  const char* const name = slash != nullptr ? slash + 1 : path;
  return std::strncmp(name, beginning, std::strlen(beginning)) == 0;
}

bool is_ours(const char* path) { return begins_with(path, "spool-") || begins_with(path, "letters-"); }

std::array<char, 4096> path_of(int file) {
  std::array<char, 32> link{};
  std::array<char, 4096> path{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file);
  if (::readlink(link.data(), path.data(), path.size() - 1) <= 0) path[0] = '\0';
  return path;
}

bool is_ours(int file) { return is_ours(path_of(file).data()); }

int hurt(int error) {
  word()->calls_hurt.fetch_add(1, std::memory_order_relaxed);
  errno = error;
  return -1;
}

int write_errno(DiskFault fault) {
  switch (fault) {
    case DiskFault::kNoSpace:
    case DiskFault::kShort:
      return ENOSPC;
    case DiskFault::kWriteError:
      return EIO;
    case DiskFault::kReadOnly:
      return EROFS;
    default:
      return 0;
  }
}

ssize_t write_or_not(int file, const void* bytes, size_t count, off_t offset) {
  static const auto call = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite64");
  const DiskFault now = fault();
  const int error = write_errno(now);
  if (error == 0 || !is_ours(file)) return call(file, bytes, count, offset);
  // A large write gets half of it; what goes on from there gets the error.
  static thread_local bool was_short = false;
  was_short = now == DiskFault::kShort && !was_short && count > 1;
  return was_short ? call(file, bytes, count / 2, offset) : hurt(error);
}

bool fails_to_read(int file) {
  const DiskFault now = fault();
  if ((now != DiskFault::kReadError && now != DiskFault::kThirdReadError) ||
      !begins_with(path_of(file).data(), "spool-"))
    return false;
  static std::atomic<std::uint32_t> reads{0};
  return now == DiskFault::kReadError || (reads.fetch_add(1, std::memory_order_relaxed) + 1) % 3 == 0;
}

ssize_t read_or_not(int file, void* bytes, size_t count, off_t offset) {
  static const auto call = real<ssize_t (*)(int, void*, size_t, off_t)>("pread64");
  return fails_to_read(file) ? hurt(EIO) : call(file, bytes, count, offset);
}

int open_or_not(const char* path, int flags, mode_t mode) {
  const bool creates = (flags & O_CREAT) != 0;
  if (creates && fault() == DiskFault::kCreateError && is_ours(path)) return hurt(EIO);
  return real_open(path, flags, mode);
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

EXPORTED ssize_t pwrite(int file, const void* bytes, size_t count, off_t offset) {
  return write_or_not(file, bytes, count, offset);
}

EXPORTED ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t offset) {
  return write_or_not(file, bytes, count, offset);
}

EXPORTED ssize_t pread(int file, void* bytes, size_t count, off_t offset) {
  return read_or_not(file, bytes, count, offset);
}

EXPORTED ssize_t pread64(int file, void* bytes, size_t count, off64_t offset) {
  return read_or_not(file, bytes, count, offset);
}

EXPORTED int fdatasync(int file) {
  static const auto call = real<int (*)(int)>("fdatasync");
  return fault() == DiskFault::kSyncError && is_ours(file) ? hurt(EIO) : call(file);
}

EXPORTED int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_or_not(path, flags, mode);
}

EXPORTED int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  return open_or_not(path, flags, mode);
}
