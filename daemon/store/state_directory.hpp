// The directory in which the daemon keeps what has to survive a boot: one daemon at a time, one folder an instance.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

class StateDirectory {
 public:
  // Takes its lock for life. `create`: makes it (0750) where its parent is there. nullptr, with the problem in words (which
  // path, what is wrong, what to do): it is not ours alone to write, holds something else, another daemon has it. It
  // is as it was, then.
  static std::unique_ptr<StateDirectory> open(const std::string& path, bool create, std::string& problem);
  ~StateDirectory() = default;
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;

  const std::string& path() const { return path_; }
  // The folder of an instance (0700), made where it is missing. Empty, with the problem in words.
  std::string instance_directory(std::string_view instance, std::string& problem);
  // Where that is, for who only reads.
  static std::string instance_path(const std::string& state_directory, std::string_view instance);

 private:
  StateDirectory(std::string path, ipc::Descriptor directory, ipc::Descriptor lock);

  const std::string path_;
  const ipc::Descriptor directory_;
  const ipc::Descriptor lock_;
};

}  // namespace ringpost::daemon
