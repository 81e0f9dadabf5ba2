// A connected client as the instances' threads see it.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "ipc/board.hpp"
#include "ipc/control_socket.hpp"

namespace ringpost::daemon {

class Client {
 public:
  Client(std::uint64_t id_of_client, std::string name, ipc::Peer peer_of_client)
      : id(id_of_client), peer(peer_of_client), board(id_of_client), name_(std::move(name)) {}

  const std::uint64_t id;  // never used again
  const ipc::Peer peer;    // from the socket
  // Standing: written by the control thread. A slot: by the thread of the instance whose lane has it.
  ipc::ClientBoardWriter board;

  // As it calls itself, printable; for people. Any thread: one that a dead daemon has left says it while the events
  // of its lanes are on their way already.
  std::string name() const {
    const std::scoped_lock lock(mutex_);
    return name_;
  }
  void set_name(std::string name) {
    const std::scoped_lock lock(mutex_);
    name_ = std::move(name);
  }

 private:
  mutable std::mutex mutex_;
  std::string name_;
};

}  // namespace ringpost::daemon
