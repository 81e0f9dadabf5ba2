// The intake's part of taking over from a dead daemon: its lanes go on where that one had come to, and what its arena
// still holds is queued again. All of it before the first round, and so before anything is produced.
#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include "daemon/instance/intake.hpp"

namespace ringpost::daemon {
namespace {

// How a record has ended by the word of the dead letters, which are written before the arena says so.
std::optional<ipc::ArenaState> end_by_letters(const Arena& arena, Arena::Ticket ticket,
                                              DeadLetters* letters) {
  if (letters == nullptr) return std::nullopt;
  const ipc::ArenaPrefix& prefix = arena.prefix(ticket);
  if (prefix.lane_id != ipc::kReplayLane) {
    return letters->has(arena.id_bytes(), prefix.sequence) ? std::optional(ipc::ArenaState::kDead)
                                                           : std::nullopt;
  }
  if (letters->has_replay_of(prefix.lane_position)) return ipc::ArenaState::kDead;
  const Place place = unpack(prefix.lane_position);
  if (letters->mark_of(place) == kLetterReplayed) return ipc::ArenaState::kDelivered;
  letters->begin_replay(place);
  return std::nullopt;
}

}  // namespace

void Intake::adopt_lane(std::shared_ptr<Client> client, const Journal::Left& left,
                        const ipc::Descriptor& memory) {
  const Journal::Lane& lane = left.lane;
  if (!ipc::is_lane_capacity(lane.capacity_bytes) || lane.slot >= ipc::kBoardSlotsMax ||
      ipc::size_of(memory) != ipc::lane_memory_bytes(lane.capacity_bytes)) {
    throw std::runtime_error("the journal that was left is damaged: it does not fit lane " +
                             std::to_string(lane.lane_id));
  }
  // The arena's commit may be ahead of the journal. Both are behind it in the arena alone once its chunk is free, so
  // the larger one is stored before anything is handed over.
  LaneBooks books;
  books.journal_entry = left.entry;
  books.released = std::max(left.released, parts_.arena.lane_position(lane.lane_id));
  journal_.release(books.journal_entry, books.released);
  ipc::LaneReader::release(client->board.released(lane.slot), books.released);

  // What was accepted under a larger max_event_size is taken, and judged then.
  feeds_.push_back(
      std::make_unique<LaneFeed>(std::move(client), lane.lane_id, lane.slot, memory, lane.capacity_bytes,
                                 ipc::record_bytes_max(parts_.arena.max_event_bytes()), books.released));
  feeds_.back()->inherit();
  books_.emplace(lane.lane_id, books);
}

void Intake::requeue(Arena::Ticket ticket) {
  const ipc::RecordView record = parts_.arena.record(ticket);
  const Topics::Rule& rule = parts_.topics.rule_of_inherited(record.topic);
  if (Verdict verdict = check(record, rule, true)) return parts_.burial.bury(ticket, std::move(*verdict));
  // What was handed over may have arrived: it is sent again.
  queue(ticket, record, rule.deadline_ns(record.header.stamp_ns), parts_.arena.prefix(ticket).attempts != 0);
}

// By sequence, from memory and disk together: so a key's records are queued in the order in which they were accepted,
// wherever each of them has come to.
std::vector<Spool::Ticket> Intake::requeue_left(const Disk& disk) {
  Arena& arena = parts_.arena;
  for (const Arena::Ticket ticket : arena.left())
    arena.settle(ticket, parts_.topics.rule_of_inherited(arena.record(ticket).topic).tenant);

  std::vector<Spool::Left> blocks = disk.spool ? disk.spool->left() : std::vector<Spool::Left>{};
  std::sort(blocks.begin(), blocks.end(),
            [](const Spool::Left& a, const Spool::Left& b) { return a.first_sequence < b.first_sequence; });
  std::vector<Spool::Ticket> unlisted;
  auto block = blocks.cbegin();
  const auto add_blocks_before = [&](std::uint64_t sequence) {
    for (; block != blocks.cend() && block->first_sequence < sequence; ++block) {
      const Topics::Rule& rule = parts_.topics.rule_of_inherited(block->topic);
      if (!rule.listed) {
        unlisted.push_back(block->block);
        continue;
      }
      parts_.outbox.add_block({block->block, block->topic, block->keyed, block->records,
                               rule.deadline_ns(block->oldest_stamp_ns)});
    }
  };
  for (const Arena::Ticket ticket : arena.left()) {
    const std::uint64_t sequence = arena.prefix(ticket).sequence;
    if (std::binary_search(disk.moved.begin(), disk.moved.end(), ticket)) {
      arena.finish(ticket, ipc::ArenaState::kSpooled);
    } else if (const auto end = end_by_letters(arena, ticket, disk.letters.get())) {
      arena.finish(ticket, *end);
    } else {
      add_blocks_before(sequence);
      requeue(ticket);
    }
  }
  add_blocks_before(std::numeric_limits<std::uint64_t>::max());
  arena.forget_left();
  return unlisted;
}

}  // namespace ringpost::daemon
