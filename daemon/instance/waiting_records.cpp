#include "daemon/instance/waiting_records.hpp"

#include <algorithm>

#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace ringpost::daemon {

ipc::RecordView WaitingRecords::view(Ticket ticket) const {
  return is_from_disk(ticket) ? spool_->record(ticket).view : arena_.record(ticket);
}

std::uint64_t WaitingRecords::sequence(Ticket ticket) const {
  return is_from_disk(ticket) ? spool_->record(ticket).sequence : arena_.prefix(ticket).sequence;
}

StoredRecord WaitingRecords::stored(Ticket ticket) const {
  if (is_from_disk(ticket)) {
    StoredRecord record = spool_->record(ticket);
    record.moved_from = pack(spool_->place(ticket));
    return record;
  }
  const ipc::ArenaPrefix& prefix = arena_.prefix(ticket);
  StoredRecord record;
  record.arena_id = arena_.id_bytes();
  record.sequence = prefix.sequence;
  record.create_time_ms = prefix.create_time_ms;
  record.client_uid = prefix.client_uid;
  record.client_pid = prefix.client_pid;
  record.attempts = prefix.attempts;
  record.partition = prefix.partition;
  record.replay_of = replay_of(ticket);
  record.record = arena_.record_bytes(ticket);
  record.view = arena_.record(ticket);
  record.stamp_ns = record.view.header.stamp_ns;
  return record;
}

std::uint64_t WaitingRecords::replay_of(Ticket ticket) const {
  if (is_from_disk(ticket)) return spool_->record(ticket).replay_of;
  const ipc::ArenaPrefix& prefix = arena_.prefix(ticket);
  return prefix.lane_id == ipc::kReplayLane ? prefix.lane_position : 0;
}

void WaitingRecords::name_as_first_tried(StoredRecord& record) const {
  if (record.replay_of == 0 || letters_ == nullptr) return;
  if (const auto identity = letters_->identity(unpack(record.replay_of))) {
    record.arena_id = identity->arena_id;
    record.sequence = identity->sequence;
  }
}

std::string WaitingRecords::id(Ticket ticket) const {
  StoredRecord record = stored(ticket);
  name_as_first_tried(record);
  boost::uuids::uuid arena_id;
  std::copy(record.arena_id.begin(), record.arena_id.end(), arena_id.begin());
  return boost::uuids::to_string(arena_id) + "-" + std::to_string(record.sequence);
}

void WaitingRecords::set_handed(Ticket ticket, std::int32_t partition) {
  is_from_disk(ticket) ? spool_->count_attempt(ticket) : arena_.set_handed(ticket, partition);
}

void WaitingRecords::set_overdue(Ticket ticket) {
  is_from_disk(ticket) ? spool_->mark_overdue(ticket) : arena_.set_overdue(ticket);
}

void WaitingRecords::finish(Ticket ticket, End end) {
  if (is_from_disk(ticket)) {
    spool_->end(ticket, end == End::kDelivered ? kSpoolDelivered
                        : end == End::kDead    ? kSpoolDead
                                               : kSpoolMoved);
    return;
  }
  arena_.finish(ticket, end == End::kDelivered ? ipc::ArenaState::kDelivered
                        : end == End::kDead    ? ipc::ArenaState::kDead
                                               : ipc::ArenaState::kSpooled);
}

}  // namespace ringpost::daemon
