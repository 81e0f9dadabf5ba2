#include "tests/store/faulty_files.hpp"

#include <algorithm>

namespace ringpost::tests {

void FaultyFiles::set(const Fault& fault) {
  const std::lock_guard lock(mutex_);
  fault_ = fault;
  has_failed_ = false;
}

void FaultyFiles::mend() {
  const std::lock_guard lock(mutex_);
  fault_.reset();
}

std::size_t FaultyFiles::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

bool FaultyFiles::has_failed() const {
  const std::lock_guard lock(mutex_);
  return has_failed_;
}

int FaultyFiles::fault_of(Call call) {
  const std::lock_guard lock(mutex_);
  ++calls_;
  if (!fault_ || (fault_->call && *fault_->call != call)) return 0;
  if (fault_->calls_before != 0) {
    --fault_->calls_before;
    return 0;
  }
  const int error = fault_->error;
  if (!fault_->stays) fault_.reset();
  has_failed_ = true;
  return error;
}

int FaultyFiles::create(const std::string& path, ipc::Descriptor& file) {
  const int error = fault_of(Call::kCreate);
  return error != 0 ? error : daemon::real_files().create(path, file);
}
int FaultyFiles::open_read(const std::string& path, ipc::Descriptor& file) {
  const int error = fault_of(Call::kOpenRead);
  return error != 0 ? error : daemon::real_files().open_read(path, file);
}
int FaultyFiles::open_write(const std::string& path, ipc::Descriptor& file) {
  const int error = fault_of(Call::kOpenWrite);
  return error != 0 ? error : daemon::real_files().open_write(path, file);
}
int FaultyFiles::pwrite(int file, std::span<const std::byte> bytes, std::uint64_t offset,
                        std::size_t& written) {
  std::size_t some = 0;
  {
    const std::lock_guard lock(mutex_);
    some = fault_ ? fault_->written_bytes : 0;
  }
  const int error = fault_of(Call::kPwrite);
  if (error == 0) return daemon::real_files().pwrite(file, bytes, offset, written);
  std::size_t done = 0;
  daemon::real_files().pwrite(file, bytes.first(std::min(some, bytes.size())), offset, done);
  return error;
}
int FaultyFiles::pread(int file, std::span<std::byte> bytes, std::uint64_t offset, std::size_t& got) {
  const int error = fault_of(Call::kPread);
  return error != 0 ? error : daemon::real_files().pread(file, bytes, offset, got);
}
int FaultyFiles::fdatasync(int /*file*/) { return fault_of(Call::kFdatasync); }
int FaultyFiles::truncate(int file, std::uint64_t size_bytes) {
  const int error = fault_of(Call::kTruncate);
  return error != 0 ? error : daemon::real_files().truncate(file, size_bytes);
}
int FaultyFiles::size(int file, std::uint64_t& size_bytes) {
  const int error = fault_of(Call::kSize);
  return error != 0 ? error : daemon::real_files().size(file, size_bytes);
}
int FaultyFiles::rename(const std::string& from, const std::string& to) {
  const int error = fault_of(Call::kRename);
  return error != 0 ? error : daemon::real_files().rename(from, to);
}
int FaultyFiles::remove(const std::string& path) {
  const int error = fault_of(Call::kRemove);
  return error != 0 ? error : daemon::real_files().remove(path);
}
int FaultyFiles::list(const std::string& directory, std::vector<std::string>& names) {
  const int error = fault_of(Call::kList);
  return error != 0 ? error : daemon::real_files().list(directory, names);
}
int FaultyFiles::sync_directory(const std::string& /*directory*/) { return fault_of(Call::kSyncDirectory); }

}  // namespace ringpost::tests
