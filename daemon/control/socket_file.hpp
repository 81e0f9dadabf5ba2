// The listening socket and the file by which clients find it. One daemon a path: a lock beside it, PATH.lock,
// is held for life, so that a socket file without a lock is a dead daemon's and may be replaced.
#pragma once

#include <sys/types.h>

#include <string>

#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

class SocketFile {
 public:
  // Takes the lock, replaces a stale socket file, binds. Throws std::runtime_error that says what is wrong at
  // that path and what to do; what is no dead socket is left as it is. Changes the umask for a moment: call
  // it before there are threads that create files.
  explicit SocketFile(std::string path);
  ~SocketFile() { remove(); }
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  // From now on clients can connect.
  void listen();
  int socket() const { return socket_.get(); }
  const std::string& path() const { return path_; }

  // Removes the socket's file, if it still is ours, and gives the socket away: whoever closes it, closes the
  // connections that nobody has accepted (undertaker.hpp). Empty, when that was done before. The lock stays, and
  // so does the directory (a bind-mounted one would stay empty for ever). The lock's file stays too: removing it
  // would let two daemons hold two locks of one name.
  ipc::Descriptor remove();

 private:
  void take_lock();
  void remove_stale_file();
  void bind();

  std::string path_;
  ipc::Descriptor lock_;
  ipc::Descriptor socket_;
  dev_t device_ = 0;  // of the socket's file
  ino_t inode_ = 0;
};

}  // namespace ringpost::daemon
