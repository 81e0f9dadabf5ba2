// A structure of atomics in a file, which a test and the programs that it starts have mapped. Fresh, it is all zeros.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "ipc/shared_memory.hpp"

namespace ringpost::tests {

template <typename T>
class SharedFile {
 public:
  explicit SharedFile(const std::string& path) : mapping_(open(path)) {}
  T& operator*() const { return *static_cast<T*>(mapping_.get_address()); }
  T* operator->() const { return static_cast<T*>(mapping_.get_address()); }

 private:
  static ipc::Mapping open(const std::string& path) {
    const ipc::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file || ::ftruncate(file.get(), sizeof(T)) != 0)
      throw std::system_error(errno, std::generic_category(), path);
    return ipc::map(file, ipc::Access::kReadWrite, 0, sizeof(T));
  }

  ipc::Mapping mapping_;
};

}  // namespace ringpost::tests
