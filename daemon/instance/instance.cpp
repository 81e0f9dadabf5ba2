#include "daemon/instance/instance.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "daemon/config/log.hpp"
#include "daemon/instance/disk.hpp"
#include "daemon/instance/loop.hpp"

namespace ringpost::daemon {
namespace {

// The arena of a dead daemon, or the one that takes its place now that nothing is left in it.
Arena go_on_with(const InstanceConfig& config, Arena left, bool with_lanes) {
  // In the lanes that were left lie events of the size that was allowed then: they are taken, and judged.
  const std::size_t max_event_bytes =
      with_lanes ? std::max<std::size_t>(config.max_event_size_bytes, left.max_event_bytes())
                 : config.max_event_size_bytes;
  if (left.has_size(config.buffer_size_bytes, max_event_bytes)) return left;
  if (left.waiting() == 0) return {config.buffer_size_bytes, max_event_bytes, left};
  log_line(spdlog::level::warn, {.instance = config.name},
           "instance {}: {} events wait in a buffer of {} MiB: buffer_size and max_event_size take effect at "
           "a start that finds it empty",
           config.name, left.waiting(), left.buffer_bytes() / kMiB);
  return left;
}

}  // namespace

Instance::Instance(const InstanceConfig& config, InstanceEvents events, Inheritance inheritance,
                   const DiskConfig& disk) {
  std::optional<Arena> arena;
  if (inheritance.arena) arena.emplace(std::move(inheritance.arena));
  Disk on_disk = open_disk(config, disk, arena ? &*arena : nullptr);
  if (config.removed && !on_disk.letters)
    throw std::runtime_error("what is left of it can't become dead letters: " + on_disk.problem);
  if (arena) {
    arena.emplace(go_on_with(config, std::move(*arena), !inheritance.lanes.empty()));
  } else {
    // Above all that the spool has: then sequences say who came first, whichever arena gave them.
    const std::uint64_t first = on_disk.spool ? on_disk.spool->largest_sequence() + 1 : 1;
    arena.emplace(config.buffer_size_bytes, config.max_event_size_bytes, first);
  }
  if (on_disk.spool) on_disk.spool->continue_for(arena->id_bytes());
  // An arena that was left holds events up to its own size.
  InstanceConfig effective = config;
  effective.max_event_size_bytes =
      std::min<std::uint64_t>(config.max_event_size_bytes, arena->max_event_bytes());
  loop_ = std::make_unique<Loop>(effective, std::move(events), std::move(*arena), std::move(on_disk),
                                 inheritance);
}

Instance::~Instance() = default;

const InstanceConfig& Instance::config() const { return loop_->config(); }

const ipc::Descriptor& Instance::board_memory() const { return loop_->board_memory(); }

const ipc::Descriptor& Instance::arena_memory() const { return loop_->arena_memory(); }

const ipc::Descriptor& Instance::journal_memory() const { return loop_->journal_memory(); }

const std::vector<AdoptedLane>& Instance::adopted_lanes() const { return loop_->adopted_lanes(); }

std::uint64_t Instance::largest_lane_id() const { return loop_->largest_lane_id(); }

void Instance::start() { loop_->start(); }

void Instance::open_channel(std::shared_ptr<Client> client, ipc::Descriptor doorbell) {
  auto moved = std::make_shared<ipc::Descriptor>(std::move(doorbell));
  loop_->ask(
      [client = std::move(client), moved](Loop& loop) { loop.open_channel(client->id, std::move(*moved)); });
}

void Instance::open_lane(std::shared_ptr<Client> client, std::uint64_t lane_id, std::uint32_t slot,
                         const ipc::Descriptor& memory, std::function<void(bool)> registered) {
  // Shared, because a request is copied about as std::function.
  loop_->ask([client = std::move(client), lane_id, slot,
              copy = std::make_shared<ipc::Descriptor>(memory.duplicate()),
              registered = std::move(registered)](Loop& loop) {
    registered(loop.intake().open_lane(client, lane_id, slot, *copy, loop.config().lane_size_bytes));
  });
}

void Instance::client_gone(std::uint64_t client_id, std::function<void()> done) {
  loop_->ask([client_id, done = std::move(done)](Loop& loop) {
    loop.forget_client(client_id);
    loop.intake().client_gone(client_id, done);
  });
}

void Instance::status(std::function<void(const InstanceStatus&)> done) {
  loop_->ask([done = std::move(done)](Loop& loop) { done(loop.read_status()); });
}

void Instance::audit(std::function<void(const InstanceAudit&)> done) {
  loop_->ask([done = std::move(done)](Loop& loop) { done(loop.audit()); });
}

void Instance::decide_letters(ipc::LetterAction action, std::vector<ipc::LetterName> letters,
                              LettersDone done) {
  loop_->ask([action, letters = std::move(letters), done = std::move(done)](Loop& loop) {
    done(loop.decide_letters(action, letters));
  });
}

void Instance::abandon_lane(std::uint64_t lane_id) {
  loop_->ask([lane_id](Loop& loop) { loop.intake().abandon_lane(lane_id); });
}

void Instance::revoke(std::uint64_t client_id) {
  loop_->ask([client_id](Loop& loop) { loop.intake().revoke(client_id); });
}

void Instance::confirm(std::uint64_t client_id) {
  loop_->ask([client_id](Loop& loop) { loop.confirm(client_id); });
}

void Instance::stop(StopRequest request) {
  loop_->ask([request = std::move(request)](Loop& loop) { loop.begin_stop(request); });
}

}  // namespace ringpost::daemon
