#include "daemon/instance/replays.hpp"

#include <utility>

#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

using ipc::LetterResult;

LetterResult result_of_mark(std::uint8_t mark) {
  switch (mark) {
    case 0:
      return LetterResult::kDone;
    case kLetterVoided:
      return LetterResult::kVoided;
    case kLetterReplayed:
      return LetterResult::kReplayed;
    default:
      return LetterResult::kPurged;
  }
}

}  // namespace

LetterResult Replays::find(const ipc::LetterName& name, std::vector<std::byte>& buffer,
                           StoredLetter& letter) const {
  if (letters_ == nullptr) return LetterResult::kNotFound;
  const Place place = unpack(name.place);
  // Another folder's letters have other events at the same places.
  if (!letters_->read(place, buffer, letter) || letter.record.sequence != name.sequence)
    return LetterResult::kNotFound;
  if (letters_->is_being_replayed(place)) return LetterResult::kBeingReplayed;
  return result_of_mark(letters_->mark_of(place));
}

LetterResult Replays::begin(const ipc::LetterName& name, std::vector<kafka::Outbox::Addition>& additions) {
  std::vector<std::byte> buffer;
  StoredLetter letter;
  if (const LetterResult found = find(name, buffer, letter); found != LetterResult::kDone) return found;
  const StoredRecord& record = letter.record;
  if (record.record.empty()) return LetterResult::kNoBytes;
  if (!config_.enabled) return LetterResult::kDisabled;
  const Topics::Rule& rule = topics_.rule_of_inherited(record.view.topic);
  if (!rule.listed) return LetterResult::kTopicNotAllowed;
  Arena& arena = records_.arena();
  if (record.view.event_bytes() > rule.max_event_bytes) return LetterResult::kTooLarge;
  if (rule.full || !arena.has_room(rule.tenant, record.record.size())) return LetterResult::kNoRoom;

  Arena::Origin origin;
  origin.lane_id = ipc::kReplayLane;
  origin.lane_position = name.place;
  origin.stamp_ns = ipc::monotonic_ns();  // send_timeout begins anew
  origin.create_time_ms = record.create_time_ms;
  origin.client_uid = record.client_uid;
  origin.client_pid = record.client_pid;
  const Arena::Ticket ticket = arena.append(origin, rule.tenant, record.record);
  letters_->begin_replay(unpack(name.place));
  kafka::Outbox::Addition& addition = additions.emplace_back();
  addition.ticket = ticket;
  addition.size_bytes = static_cast<std::uint32_t>(record.view.event_bytes());
  addition.deadline_ns = rule.deadline_ns(origin.stamp_ns);
  return LetterResult::kDone;
}

std::vector<LetterResult> Replays::replay(std::span<const ipc::LetterName> names, kafka::Outbox& outbox) {
  std::vector<LetterResult> results;
  std::vector<kafka::Outbox::Addition> additions;
  results.reserve(names.size());
  for (const ipc::LetterName& name : names) results.push_back(begin(name, additions));
  if (additions.empty()) return results;
  records_.arena().commit();
  for (kafka::Outbox::Addition& addition : additions) {
    const ipc::RecordView record = records_.view(addition.ticket);
    addition.topic = record.topic;
    addition.key = record.key;
    outbox.add(addition);
  }
  return results;
}

std::vector<LetterResult> Replays::purge(std::span<const ipc::LetterName> names) {
  std::vector<LetterResult> results;
  std::vector<std::byte> buffer;
  for (const ipc::LetterName& name : names) {
    StoredLetter letter;
    LetterResult result = find(name, buffer, letter);
    if (result == LetterResult::kDone && letters_->mark(unpack(name.place), kLetterPurged) != 0)
      result = LetterResult::kNotWritten;
    results.push_back(result);
  }
  if (letters_ == nullptr || letters_->log().unflushed_marks() == 0) return results;
  if (letters_->log().flush_marks() == 0) return results;
  for (LetterResult& result : results) {
    if (result == LetterResult::kDone) result = LetterResult::kNotWritten;
  }
  return results;
}

void Replays::delivered(Ticket ticket) {
  if (letters_ == nullptr) return records_.finish(ticket, WaitingRecords::End::kDelivered);
  letters_->mark(unpack(records_.replay_of(ticket)), kLetterReplayed);  // ENOENT: there is nobody to tell
  delivered_.push_back(ticket);
}

void Replays::step(std::int64_t now_ns) {
  if (delivered_.empty() || trouble_.pauses(now_ns)) return;
  if (const int error = letters_->log().flush_marks(); error != 0)
    return trouble_.failed(error, "marks of replayed dead letters can't be written", now_ns);
  trouble_.succeeded("marks of replayed dead letters");
  for (const Ticket ticket : std::exchange(delivered_, {}))
    records_.finish(ticket, WaitingRecords::End::kDelivered);
}

}  // namespace ringpost::daemon
