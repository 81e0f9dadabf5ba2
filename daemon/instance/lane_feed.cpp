#include "daemon/instance/lane_feed.hpp"

#include <algorithm>

namespace ringpost::daemon {

void LaneFeed::take(std::int64_t now_ns, std::size_t budget_bytes) {
  if (malformed() || reader_.unseen_bytes() == 0) return;
  forget_consumed();
  std::size_t offset = records_.empty() ? 0 : records_.back().offset + records_.back().size;
  reader_.copy_to(bytes_, budget_bytes);
  while (offset < bytes_.size() && parse_one(now_ns, offset))
    offset = records_.back().offset + records_.back().size;

  if (!malformed() && reader_.unseen_bytes() == 0 && offset != bytes_.size()) {
    malformed_ = "its tail is in the middle of a record";
  }
}

// False: no whole record there yet, or the lane is malformed.
bool LaneFeed::parse_one(std::int64_t now_ns, std::size_t offset) {
  ipc::RecordView record;
  const ipc::RecordError error = ipc::parse_record(std::span(bytes_).subspan(offset), record);
  const bool has_size = bytes_.size() - offset >= sizeof(ipc::RecordHeader);
  if (has_size && record.header.size > record_bytes_max_) {
    // Before all of it has been copied: what a client says of itself must not decide how much memory that takes.
    malformed_ = "a record is larger than max_event_size allows";
    return false;
  }
  // Short may mean that the budget cut the copy off; the tail's end is checked by take().
  if (error == ipc::RecordError::kShort) return false;
  if (error != ipc::RecordError::kNone) {
    malformed_ = "a record has " + std::string(to_string(error));
    return false;
  }
  if (sequence_is_known_ && record.header.sequence != sequence_ + 1) {
    malformed_ = "a record's sequence number does not follow the one before";
    return false;
  }
  if (later_floor_ns_ != 0 && parsed_ >= later_floor_position_) {
    floor_ns_ = std::max(floor_ns_, later_floor_ns_);
    later_floor_ns_ = 0;
  }
  last_stamp_ns_ = std::min(std::max(record.header.stamp_ns, lower_bound_ns()), now_ns);
  sequence_ = record.header.sequence;
  sequence_is_known_ = true;
  parsed_ += record.header.size;
  records_.push_back({last_stamp_ns_, offset, record.header.size});
  return true;
}

void LaneFeed::raise_floor(std::int64_t cut_ns) {
  if (parsed_ == reader_.tail()) {
    floor_ns_ = cut_ns;
    later_floor_ns_ = 0;
  } else if (later_floor_ns_ == 0) {
    // One is enough: the next is set when this position has been parsed, and so every round's raise comes in
    // time.
    later_floor_position_ = reader_.tail();
    later_floor_ns_ = cut_ns;
  }
}

void LaneFeed::forget_consumed() {
  if (next_ == 0) return;
  const std::size_t consumed_bytes =
      has_record() ? front().offset : records_.back().offset + records_.back().size;
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(consumed_bytes));
  records_.erase(records_.begin(), records_.begin() + static_cast<std::ptrdiff_t>(next_));
  for (Stamped& record : records_) record.offset -= consumed_bytes;
  next_ = 0;
}

}  // namespace ringpost::daemon
