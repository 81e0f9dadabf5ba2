// The server's part of taking over from a dead daemon. First the instances with all their lanes, then their clients;
// nothing runs before all of it is in its place.
//
//     the keeper's descriptors ──sort_out()──▶ Estate ─▶ instances: arena, journal, lanes ─▶ sessions: connections
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <boost/asio/post.hpp>

#include "daemon/config/log.hpp"
#include "daemon/control/removed_instances.hpp"
#include "daemon/control/server.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

// Who has departed is known by number only. Nobody has this one (access.hpp).
constexpr uid_t kUserUnknown = 65534;

}  // namespace

void Server::make_instances(Estate& estate) {
  next_slots_ = estate.next_slots();
  state_.last_client_id = estate.largest_client_id();
  state_.last_lane_id = estate.largest_lane_id();
  listener_before_ = estate.listener_inode;
  for (const std::string& name : estate.unknown) {
    spdlog::warn("the keeper holds {}, which this version does not know: left there", name);
  }
  for (const InstanceConfig& config : state_.config.instances) add_instance(config, estate);
  state_.configured = static_cast<std::uint32_t>(state_.instances.size());
  for (const std::string& name : take_emptied(estate, state_.config, state_directory_.get()))
    state_.custody.drop(name);
  for (InstanceConfig& removed : removed_instances(estate, state_.config, state_directory_.get())) {
    if (add_instance(removed, estate)) state_.config.instances.push_back(std::move(removed));
  }
}

// False: what it has left stays where it is.
bool Server::add_instance(const InstanceConfig& config, Estate& estate) {
  Inheritance inheritance;
  if (const auto found = estate.instances.find(config.name); found != estate.instances.end()) {
    inheritance = std::move(found->second);
    estate.instances.erase(found);
  }
  inheritance.client_of = [this, &estate](std::uint64_t client_id) {
    return inherited_client(client_id, estate);
  };
  std::map<std::uint64_t, ipc::Descriptor> doorbells;
  for (const auto& [client_id, doorbell] : inheritance.doorbells)
    doorbells.emplace(client_id, doorbell.duplicate());
  std::set<std::uint64_t> lanes;
  for (const auto& [lane_id, memory] : inheritance.lanes) lanes.insert(lane_id);
  std::unique_ptr<Instance> instance = make_instance(config, std::move(inheritance));
  if (!instance) return false;
  const auto index = static_cast<std::uint32_t>(state_.instances.size());
  for (auto& [client_id, doorbell] : doorbells) {
    inherited_client(client_id, estate);
    doorbells_[client_id].emplace(index, std::move(doorbell));
  }
  state_.last_lane_id = std::max(state_.last_lane_id, instance->largest_lane_id());
  state_.instances.push_back(std::move(instance));
  drop_unregistered(index, std::move(lanes));
  return true;
}

// Lanes that the journal does not know never reached their clients, or were drained to their ends.
void Server::drop_unregistered(std::uint32_t index, std::set<std::uint64_t> lanes) {
  const Instance& instance = *state_.instances[index];
  if (is_damaged(instance.config().name)) return;
  for (const AdoptedLane& lane : instance.adopted_lanes()) lanes.erase(lane.lane_id);
  for (const std::uint64_t lane_id : lanes)
    state_.custody.drop(lane_name_of(lane_id, instance.config().name));
}

bool Server::is_damaged(const std::string& instance) const {
  return std::find(damaged_.begin(), damaged_.end(), instance) != damaged_.end();
}

// Without it everything goes on that needs no disk.
void Server::open_state_directory() {
  state_directory_ = StateDirectory::open(state_.config.daemon.state_dir, true, state_problem_);
  if (!state_directory_) {
    spdlog::error(
        "{}. Until that is mended dead letters are counted and logged only, an outage longer than the buffer "
        "is "
        "refused, and without a keeper what is left at a stop is lost",
        state_problem_);
  }
}

DiskConfig Server::disk_of(const InstanceConfig& config) {
  DiskConfig disk;
  disk.problem = state_problem_;
  disk.sync = state_.config.daemon.sync;
  disk.sync_interval = state_.config.daemon.sync_interval;
  if (!state_directory_) return disk;
  disk.directory = state_directory_->instance_directory(config.name, disk.problem);
  if (disk.directory.empty())
    log_line(spdlog::level::err, {.instance = config.name}, "instance {}: {}", config.name, disk.problem);
  return disk;
}

std::unique_ptr<Instance> Server::make_instance(const InstanceConfig& config, Inheritance inheritance) {
  InstanceEvents events;
  events.client_malformed = [this, name = config.name](std::uint64_t client_id, const std::string& why) {
    boost::asio::post(io_, [this, client_id, name, why] { client_malformed(client_id, name, why); });
  };
  const DiskConfig disk = disk_of(config);
  if (config.removed) return make_removed(config, std::move(events), std::move(inheritance), disk);
  if (inheritance.empty()) return std::make_unique<Instance>(config, std::move(events), Inheritance{}, disk);
  if (!inheritance.arena || !inheritance.journal) {
    log_line(spdlog::level::err, {.instance = config.name},
             "instance {}: the keeper has no {} of it, for it died, too: events that only this had are lost",
             config.name, inheritance.arena ? "journal" : "arena");
  }
  try {
    return std::make_unique<Instance>(config, events, std::move(inheritance), disk);
  } catch (const std::invalid_argument&) {
    throw;
  } catch (const std::exception& error) {
    // Nothing is guessed and nothing thrown away: the keeper goes on holding it.
    log_line(spdlog::level::critical, {.instance = config.name},
             "instance {} is stopped: {}. What it held stays with the keeper: start the version of ringpostd "
             "that wrote it, or give the events up with a restart of ringpost-keeper",
             config.name, error.what());
    damaged_.push_back(config.name);
    state_.lanes_elsewhere = true;
    InstanceConfig stopped = config;
    stopped.enabled = false;
    DiskConfig none;  // what is on disk goes with what the keeper holds
    none.problem = error.what();
    return std::make_unique<Instance>(stopped, std::move(events), Inheritance{}, none);
  }
}

// What it has left becomes dead letters. Null: it can't, and stays where it is.
std::unique_ptr<Instance> Server::make_removed(const InstanceConfig& config, InstanceEvents events,
                                               Inheritance inheritance, const DiskConfig& disk) {
  const bool with_keeper = !inheritance.empty();
  try {
    auto instance = std::make_unique<Instance>(config, std::move(events), std::move(inheritance), disk);
    log_line(
        spdlog::level::warn, {.instance = config.name},
        "instance {} is not in the configuration any more: what waits of it becomes dead letters "
        "(instance_removed), which `ringpost dead-letters` shows, and can replay when it is configured again",
        config.name);
    return instance;
  } catch (const std::exception& error) {
    log_line(
        spdlog::level::err, {.instance = config.name},
        "instance {} is not in the configuration any more, and {}: it stays {} until that is mended or the "
        "instance is configured again",
        config.name, error.what(), with_keeper ? "with the keeper" : "on disk");
    state_.lanes_elsewhere = state_.lanes_elsewhere || with_keeper;
    return nullptr;
  }
}

std::shared_ptr<Client> Server::inherited_client(std::uint64_t client_id, Estate& estate) {
  std::shared_ptr<Client>& client = inherited_[client_id];
  if (client) return client;
  ipc::Peer peer{};
  peer.uid = kUserUnknown;
  if (const auto connection = estate.clients.find(client_id); connection != estate.clients.end()) {
    peer = credentials_of(connection->second.get()).peer;
  }
  client = std::make_shared<Client>(client_id, "(not known yet)", peer);
  return client;
}

// Before anything is accepted: a lane counts as held only after the memory that it is drained into.
void Server::keep_memories() {
  std::size_t missing = 1;
  bool all_kept = true;
  const auto kept = [&](bool done) {
    all_kept = all_kept && done;
    --missing;
  };
  const auto keep = [&](std::string name, int descriptor) {
    // What was taken over needs no room: a keeper that has none left must not keep the next daemon from starting.
    if (state_.custody.keeps(name, descriptor)) return;
    ++missing;
    state_.custody.keep(std::move(name), descriptor, kept);
  };
  if (listener_before_ != 0 && listener_before_ != socket_.inode())
    state_.custody.drop(listener_name_of(listener_before_));
  keep(listener_name_of(socket_.inode()), socket_.socket());
  for (const auto& instance : state_.instances) {
    const std::string& name = instance->config().name;
    if (is_damaged(name)) continue;
    keep(arena_name_of(name), instance->arena_memory().get());
    keep(journal_name_of(name), instance->journal_memory().get());
  }
  --missing;
  while (missing != 0) io_.run_one();
  io_.restart();
  if (!all_kept) {
    throw std::runtime_error(
        "the keeper does not take this daemon's memories (its log says why): nothing would be safe");
  }
}

void Server::adopt_clients(Estate& estate) {
  for (auto& [client_id, connection] : estate.clients) inherited_client(client_id, estate);
  if (inherited_.empty()) return;
  std::size_t lanes = 0;
  for (auto& [client_id, client] : inherited_) {
    Session::Adoption adoption = adoption_of(client);
    for (const auto& channel : adoption.channels) lanes += channel.lanes.size();
    count_adopted(client->peer.uid, adoption);
    const auto connection = estate.clients.find(client_id);
    connection == estate.clients.end() ? adopt_departed(adoption)
                                       : adopt_session(std::move(connection->second), std::move(adoption));
  }
  spdlog::info("{} clients with {} lanes go on from the daemon before this one", inherited_.size(), lanes);
  inherited_.clear();
  doorbells_.clear();
}

Session::Adoption Server::adoption_of(const std::shared_ptr<Client>& client) {
  Session::Adoption adoption{client, next_slots_[client->id], {}};
  for (std::uint32_t index = 0; index < state_.instances.size(); ++index) {
    Session::Adoption::Channel channel;
    channel.index = index;
    for (const AdoptedLane& lane : state_.instances[index]->adopted_lanes()) {
      if (lane.client_id == client->id) channel.lanes.push_back(lane);
    }
    if (auto& doorbells = doorbells_[client->id]; doorbells.contains(index))
      channel.doorbell = std::move(doorbells.at(index));
    if (channel.doorbell || !channel.lanes.empty()) adoption.channels.push_back(std::move(channel));
  }
  return adoption;
}

void Server::count_adopted(uid_t user, const Session::Adoption& adoption) {
  state_.census.client_came(user);
  for (const Session::Adoption::Channel& channel : adoption.channels) {
    state_.census.channel_opened();
    for (const AdoptedLane& lane : channel.lanes) state_.census.lane_opened(user, lane.capacity_bytes);
  }
}

void Server::adopt_session(ipc::Descriptor connection, Session::Adoption adoption) {
  Credentials who = credentials_of(connection.get());
  state_.census.connected(who.peer.uid);
  auto session = std::make_shared<Session>(
      state_, connection, std::move(who), std::move(adoption),
      [this](Session& ended, ipc::Descriptor closing) { session_ended(ended, std::move(closing)); });
  sessions_.insert(session);
  // When the server runs: a session that ends must find it whole.
  boost::asio::post(io_, [session] { session->start(); });
}

// Its connection had ended before the daemon did: what is in its lanes is drained, and it is forgotten.
void Server::adopt_departed(const Session::Adoption& adoption) {
  const std::uint64_t client_id = adoption.client->id;
  state_.census.client_departed();
  Departed departed{adoption.client, 0, 0, adoption.channels.size(), adoption.channels.size() + 1, {}, false};
  for (const Session::Adoption::Channel& channel : adoption.channels) {
    const std::string& instance = state_.config.instances[channel.index].name;
    departed.kept_names.insert(doorbell_name_of(client_id, instance));
    for (const AdoptedLane& lane : channel.lanes) {
      ++departed.lanes;
      departed.lane_bytes += lane.capacity_bytes;
      departed.kept_names.insert(lane_name_of(lane.lane_id, instance));
    }
  }
  departed_.emplace(client_id, std::move(departed));
  for (const Session::Adoption::Channel& channel : adoption.channels) {
    state_.instances[channel.index]->client_gone(client_id, [this, client_id] {
      boost::asio::post(io_, [this, client_id] { channel_drained(client_id); });
    });
  }
  boost::asio::post(io_, [this, client_id] { channel_drained(client_id); });  // the one too many
}

}  // namespace ringpost::daemon
