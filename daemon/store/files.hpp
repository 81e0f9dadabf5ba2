// The system calls by which the store touches files, in one place, so that a test can let any of them fail.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

// Each returns 0, or an errno; what it gives is untouched then. Thread-safe.
class Files {
 public:
  Files() = default;
  virtual ~Files() = default;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  virtual int create(const std::string& path, ipc::Descriptor& file) = 0;  // a new file, to read and write
  virtual int open_read(const std::string& path, ipc::Descriptor& file) = 0;
  virtual int open_write(const std::string& path, ipc::Descriptor& file) = 0;  // one that is there
  // May do less than it is asked for: write_whole() and read_whole() go on.
  virtual int pwrite(int file, std::span<const std::byte> bytes, std::uint64_t offset,
                     std::size_t& written) = 0;
  virtual int pread(int file, std::span<std::byte> bytes, std::uint64_t offset, std::size_t& got) = 0;
  virtual int fdatasync(int file) = 0;
  virtual int truncate(int file, std::uint64_t size_bytes) = 0;
  virtual int size(int file, std::uint64_t& size_bytes) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int remove(const std::string& path) = 0;
  virtual int list(const std::string& directory, std::vector<std::string>& names) = 0;
  virtual int sync_directory(const std::string& directory) = 0;
};

Files& real_files();

// 0 only when all of it is written; what was written before an error stays in the file.
int write_whole(Files& files, int file, std::span<const std::byte> bytes, std::uint64_t offset);
// `got` < bytes.size(): the file ends there, or with an error what came before it.
int read_whole(Files& files, int file, std::span<std::byte> bytes, std::uint64_t offset, std::size_t& got);

std::string errno_text(int error);

}  // namespace ringpost::daemon
