// What the keeper holds for this daemon, by name, and what a successor makes of it.
//
//     listen.INODE              the listening socket, whose file has that number
//     client.CLIENT             a client's connection, from its hello on
//     arena.INSTANCE            the instance's memories
//     journal.INSTANCE
//     bell.CLIENT.INSTANCE      a channel's doorbell
//     lane.LANE.INSTANCE
//
// Numbers are decimal; instances' names have no dots.
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
std::string client_name_of(std::uint64_t client_id);
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

  std::uint64_t largest_client_id() const;
};

Estate sort_out(Taken taken);

}  // namespace ringpost::daemon
