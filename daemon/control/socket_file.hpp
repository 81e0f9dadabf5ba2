// The listening socket and the file by which clients find it. One daemon a path: a lock beside it, PATH.lock,
// is held for life, so that a socket file without a lock is a dead daemon's and may be replaced.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

class SocketFile {
 public:
  // Takes the lock; open() replaces a stale socket file and binds. Both throw std::runtime_error that says what is
  // wrong at that path and what to do; what is no dead socket is left as it is. open() changes the umask for a moment:
  // call it before there are threads that create files.
  explicit SocketFile(std::string path);

  // Goes on with the socket that a dead daemon has left, where the file is still the one that it made; else makes a new
  // one.
  void open(ipc::Descriptor inherited = {}, std::uint64_t inode_of_inherited = 0);
  // Goes on with the one that the service manager has made, and keeps (ringpostd.socket). Throws like open().
  void open_activated(ipc::Descriptor activated);
  ~SocketFile() { remove(); }
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  // From now on clients can connect.
  void listen();
  int socket() const { return socket_.get(); }
  bool is_inherited() const { return is_inherited_; }
  std::uint64_t inode() const { return inode_; }  // of the socket's file
  const std::string& path() const { return path_; }

  // Removes the socket's file, if it still is ours and not the service manager's, and gives the socket away: whoever closes it, closes the
  // connections that nobody has accepted (undertaker.hpp). Empty, when that was done before. The lock stays, and
  // so does the directory (a bind-mounted one would stay empty for ever). The lock's file stays too: removing it
  // would let two daemons hold two locks of one name.
  ipc::Descriptor remove();
  // Closes the socket and leaves the file: the keeper has the socket, and clients that connect wait in its queue.
  void leave() { socket_.reset(); }

 private:
  bool take_over(ipc::Descriptor inherited, std::uint64_t inode);
  bool note_file();
  void take_lock();
  void remove_stale_file();
  void bind();

  std::string path_;
  ipc::Descriptor lock_;
  ipc::Descriptor socket_;
  bool is_inherited_ = false;
  bool is_activated_ = false;
  dev_t device_ = 0;  // of the socket's file
  ino_t inode_ = 0;
};

}  // namespace ringpost::daemon
