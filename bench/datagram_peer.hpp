// What programs do without shared memory: a Unix datagram a message, to a process that reads them.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "ipc/descriptor.hpp"

namespace ringpost::bench {

class DatagramPeer {
 public:
  DatagramPeer();
  ~DatagramPeer();
  DatagramPeer(const DatagramPeer&) = delete;
  DatagramPeer& operator=(const DatagramPeer&) = delete;

  // False: the socket is full.
  bool send(std::string_view message);

 private:
  ipc::Descriptor socket_;
  pid_t peer_ = -1;
};

}  // namespace ringpost::bench
