// The socket by whose path a daemon finds the keeper. A lock beside it, PATH.lock, is held for life, so that a socket
// without a holder of the lock is a dead keeper's and may be replaced.
#pragma once

#include <sys/stat.h>

namespace ringpost::keeper {

class ListeningSocket {
 public:
  // False: what is wrong and what to do was said on standard error, and nothing of another's was touched.
  bool open(const char* path);
  void adopt(int socket);  // systemd made it

  int socket() const { return socket_; }  // -1: there is none
  void remove();                          // the file, if it still is ours

 private:
  bool take_lock();
  bool remove_stale_file();

  const char* path_ = nullptr;
  int lock_ = -1;
  int socket_ = -1;
  struct stat file_ {};
};

}  // namespace ringpost::keeper
