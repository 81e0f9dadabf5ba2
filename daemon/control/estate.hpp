// What the keeper holds for this daemon, by name, and what a successor makes of it.
//
//     arena.INSTANCE            the instance's memories
//     bell.CLIENT.INSTANCE      a channel's doorbell
//     journal.INSTANCE
//     lane.LANE.INSTANCE
//     listen.INODE              the listening socket, whose file has that number
//     session.CLIENT            a client's connection, from its hello on
//
// Numbers are decimal; instances' names have no dots. A keeper that was restarted is offered them in this order, the
// alphabet's: who finds a connection finds what its client has, even where the daemon died before the last was offered.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/control/keeper_link.hpp"
#include "daemon/instance/inheritance.hpp"
#include "ipc/descriptor.hpp"

namespace ringpost::daemon {

std::string listener_name_of(std::uint64_t inode);
std::string session_name_of(std::uint64_t client_id);
std::string arena_name_of(std::string_view instance);
std::string journal_name_of(std::string_view instance);
std::string doorbell_name_of(std::uint64_t client_id, std::string_view instance);
std::string lane_name_of(std::uint64_t lane_id, std::string_view instance);

struct Estate {
  std::uint64_t generation = 0;  // which daemon this is, as the keeper counts; 0: there is no keeper
  ipc::Descriptor listener;
  std::uint64_t listener_inode = 0;
  std::map<std::uint64_t, ipc::Descriptor> clients;  // connections
  std::map<std::string, Inheritance, std::less<>> instances;
  std::vector<std::string> unknown;  // names that this version does not know: left where they are

  // The next free slot on the boards of each client that has lanes, in an instance that is configured or not.
  std::map<std::uint64_t, std::uint32_t> next_slots() const;
  std::uint64_t largest_client_id() const;
  std::uint64_t largest_lane_id() const;  // of the lanes that are held
};

Estate sort_out(Taken taken);

}  // namespace ringpost::daemon
