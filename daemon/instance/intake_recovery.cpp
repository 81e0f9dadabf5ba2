// The intake's part of taking over from a dead daemon: its lanes go on where that one had come to, and what its arena
// still holds is queued again. All of it before the first round, and so before anything is produced.
#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "daemon/instance/intake.hpp"

namespace ringpost::daemon {

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

void Intake::requeue_left() {
  for (const Arena::Ticket ticket : parts_.arena.left()) {
    const ipc::RecordView record = parts_.arena.record(ticket);
    const Topics::Rule& rule = parts_.topics.rule_of_inherited(record.topic);
    parts_.arena.settle(ticket, rule.tenant);
  }
  for (const Arena::Ticket ticket : parts_.arena.left()) {
    const ipc::RecordView record = parts_.arena.record(ticket);
    Verdict verdict = check(record, parts_.topics.rule_of_inherited(record.topic), true);
    if (!verdict.reason.empty()) {
      parts_.delivery.bury(ticket, verdict.reason, verdict.detail);
      continue;
    }
    // What was handed over may have arrived: it is sent again, and does not time out.
    const bool handed = parts_.arena.is_handed(ticket);
    queue(ticket, record, handed ? 0 : deadline_of(record.header.stamp_ns));
  }
  parts_.arena.forget_left();
}

}  // namespace ringpost::daemon
