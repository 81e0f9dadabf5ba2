// Files with a disk that fails when it is told to. fdatasync() reaches no disk: a test has no power to lose.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "daemon/store/files.hpp"

namespace ringpost::tests {

class FaultyFiles final : public daemon::Files {
 public:
  enum class Call : std::uint8_t {
    kCreate,
    kOpenRead,
    kOpenWrite,
    kPwrite,
    kPread,
    kFdatasync,
    kTruncate,
    kSize,
    kRename,
    kRemove,
    kList,
    kSyncDirectory,
  };
  struct Fault {
    int error = 0;
    std::optional<Call> call{};     // of any kind where there is none
    std::size_t calls_before = 0;   // which succeed
    bool stays = false;             // all later ones fail, too; else it is this one
    std::size_t written_bytes = 0;  // a write does so much, and then it fails
  };
  void set(const Fault& fault);
  void mend();
  std::size_t calls() const;  // so far, of all kinds
  bool has_failed() const;    // since set()

  int create(const std::string& path, ipc::Descriptor& file) override;
  int open_read(const std::string& path, ipc::Descriptor& file) override;
  int open_write(const std::string& path, ipc::Descriptor& file) override;
  int pwrite(int file, std::span<const std::byte> bytes, std::uint64_t offset, std::size_t& written) override;
  int pread(int file, std::span<std::byte> bytes, std::uint64_t offset, std::size_t& got) override;
  int fdatasync(int file) override;
  int truncate(int file, std::uint64_t size_bytes) override;
  int size(int file, std::uint64_t& size_bytes) override;
  int rename(const std::string& from, const std::string& to) override;
  int remove(const std::string& path) override;
  int list(const std::string& directory, std::vector<std::string>& names) override;
  int sync_directory(const std::string& directory) override;

 private:
  int fault_of(Call call);

  mutable std::mutex mutex_;
  std::optional<Fault> fault_;
  std::size_t calls_ = 0;
  bool has_failed_ = false;
};

}  // namespace ringpost::tests
