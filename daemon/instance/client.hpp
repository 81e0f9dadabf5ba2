// A connected client as the instances' threads see it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "ipc/board.hpp"
#include "ipc/control_socket.hpp"

namespace ringpost::daemon {

struct Client {
  Client(std::uint64_t id_of_client, std::string name_of_client, ipc::Peer peer_of_client)
      : id(id_of_client), name(std::move(name_of_client)), peer(peer_of_client), board(id_of_client) {}

  const std::uint64_t id;  // never used again
  std::string name;        // the control thread's: as it calls itself, printable; for people
  const ipc::Peer peer;    // from the socket
  // Standing: written by the control thread. A slot: by the thread of the instance whose lane has it.
  ipc::ClientBoardWriter board;
};

}  // namespace ringpost::daemon
