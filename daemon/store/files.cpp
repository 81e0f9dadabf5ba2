#include "daemon/store/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace ringpost::daemon {
namespace {

constexpr mode_t kFileMode = 0600;  // payloads are nobody else's business

// Repeats a call that a signal has interrupted; its errno, or 0.
template <typename Call>
int repeated(Call call) {
  while (call() < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

int opened(const std::string& path, int flags, ipc::Descriptor& file) {
  int number = -1;
  const int error =
      repeated([&] { return number = ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kFileMode); });
  if (error == 0) file = ipc::Descriptor(number);
  return error;
}

class RealFiles final : public Files {
 public:
  int create(const std::string& path, ipc::Descriptor& file) override {
    return opened(path, O_RDWR | O_CREAT | O_EXCL, file);
  }
  int open_read(const std::string& path, ipc::Descriptor& file) override {
    // Not to wait where somebody has put a pipe: what it is, size() finds out.
    return opened(path, O_RDONLY | O_NONBLOCK, file);
  }
  int open_write(const std::string& path, ipc::Descriptor& file) override {
    return opened(path, O_RDWR | O_NONBLOCK, file);
  }
  int pwrite(int file, std::span<const std::byte> bytes, std::uint64_t offset,
             std::size_t& written) override {
    ssize_t done = 0;
    const int error = repeated(
        [&] { return done = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (error == 0) written = static_cast<std::size_t>(done);
    return error;
  }
  int pread(int file, std::span<std::byte> bytes, std::uint64_t offset, std::size_t& got) override {
    ssize_t done = 0;
    const int error = repeated(
        [&] { return done = ::pread(file, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (error == 0) got = static_cast<std::size_t>(done);
    return error;
  }
  int fdatasync(int file) override {
    return repeated([&] { return ::fdatasync(file); });
  }
  int truncate(int file, std::uint64_t size_bytes) override {
    return repeated([&] { return ::ftruncate(file, static_cast<off_t>(size_bytes)); });
  }
  int size(int file, std::uint64_t& size_bytes) override {
    struct stat status {};
    if (::fstat(file, &status) != 0) return errno;
    if (!S_ISREG(status.st_mode)) return EISDIR;
    size_bytes = static_cast<std::uint64_t>(status.st_size);
    return 0;
  }
  int rename(const std::string& from, const std::string& to) override {
    return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
  }
  int remove(const std::string& path) override { return ::unlink(path.c_str()) == 0 ? 0 : errno; }
  int list(const std::string& directory, std::vector<std::string>& names) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
    if (!stream) return errno;
    std::vector<std::string> found;
    errno = 0;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this call's own
    while (const dirent* entry = ::readdir(stream.get())) {
      const std::string name = static_cast<const char*>(entry->d_name);
      if (name != "." && name != "..") found.push_back(name);
      errno = 0;
    }
    if (errno != 0) return errno;
    names = std::move(found);
    return 0;
  }
  int sync_directory(const std::string& directory) override {
    int number = -1;
    const int error =
        repeated([&] { return number = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (error != 0) return error;
    const ipc::Descriptor opened_directory(number);
    return repeated([&] { return ::fsync(opened_directory.get()); });
  }
};

}  // namespace

Files& real_files() {
  static RealFiles files;
  return files;
}

int write_whole(Files& files, int file, std::span<const std::byte> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    std::size_t written = 0;
    const int error = files.pwrite(file, bytes, offset, written);
    if (error == EINTR) continue;
    if (error != 0) return error;
    if (written == 0) return EIO;  // no progress, and no reason
    bytes = bytes.subspan(written);
    offset += written;
  }
  return 0;
}

int read_whole(Files& files, int file, std::span<std::byte> bytes, std::uint64_t offset, std::size_t& got) {
  got = 0;
  while (got < bytes.size()) {
    std::size_t now = 0;
    const int error = files.pread(file, bytes.subspan(got), offset + got, now);
    if (error == EINTR) continue;
    if (error != 0) return error;
    if (now == 0) return 0;
    got += now;
  }
  return 0;
}

std::string errno_text(int error) { return std::generic_category().message(error); }

}  // namespace ringpost::daemon
