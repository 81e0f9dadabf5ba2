// One lane as the drainer has it: what was copied out of it, taken apart and stamped, and not consumed yet.
//
// A record is copied once. What a round does not consume stays here, in private memory: its stamp can't
// change any more, and what was validated is what goes into the arena.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "daemon/instance/client.hpp"
#include "ipc/lane_reader.hpp"
#include "ipc/record.hpp"

namespace ringpost::daemon {

class LaneFeed {
 public:
  // `record_bytes_max`: no honest client writes a larger one, for the board tells it the largest event, and the
  // arena could not hold it. `position`: where a dead daemon had come to, for a lane of its.
  LaneFeed(std::shared_ptr<Client> client, std::uint64_t lane_id, std::uint32_t slot,
           const ipc::Descriptor& memory, std::size_t capacity_bytes,
           std::size_t record_bytes_max = ipc::kLaneMaxBytes, std::uint64_t position = 0)
      : client_(std::move(client)),
        lane_id_(lane_id),
        slot_(slot),
        reader_(memory, capacity_bytes, position),
        record_bytes_max_(std::min(record_bytes_max, capacity_bytes)),
        position_(position),
        parsed_(position),
        sequence_is_known_(position == 0) {}

  // A record with the stamp that counts for the order.
  struct Stamped {
    std::int64_t stamp_ns = 0;
    std::size_t offset = 0;  // in the copied bytes
    std::size_t size = 0;
  };

  // Reads the lane's tail. The steps of a round call it after the cut's clock.
  void look() {
    if (malformed()) return;
    // A writer has room up to a capacity beyond what was released, and that is never more than what was consumed.
    if (!reader_.look() || reader_.tail() - position_ > reader_.capacity_bytes())
      malformed_ = "its tail is no position of this lane";
  }

  // What lies in the lane now was accepted when a dead daemon's configuration held.
  void inherit() {
    look();
    inherited_end_ = reader_.tail();
  }
  bool front_is_inherited() const { return position_ < inherited_end_; }

  // Copies up to `budget_bytes` of what look() saw and stamps the whole records among them: never below the
  // record before, never below the floor, never beyond `now_ns`, which was read after the tail (a stamp
  // beyond is a lie).
  void take(std::int64_t now_ns, std::size_t budget_bytes);

  // After a round with the cut `cut_ns`: what its look() did not see yet is raised to that cut when it comes.
  // Without this a lane of old stamps would starve all others.
  void raise_floor(std::int64_t cut_ns);

  bool has_record() const { return next_ < records_.size(); }
  const Stamped& front() const { return records_[next_]; }
  std::span<const std::byte> front_bytes() const {
    return std::span(bytes_).subspan(front().offset, front().size);
  }
  std::uint64_t position_behind_front() const { return position_ + front().size; }
  void pop() {
    position_ += front().size;
    ++next_;
  }

  // Ends the lane: what was copied of it is the last that is taken.
  void end_for(std::string_view why) {
    if (!malformed()) malformed_ = why;
  }

  std::size_t held_bytes() const { return has_record() ? bytes_.size() - front().offset : 0; }

  // Bytes seen by look() that are not among the records yet: of stamps not below lower_bound_ns().
  bool is_cut_off() const { return !malformed() && parsed_ < reader_.tail(); }
  std::int64_t lower_bound_ns() const { return last_stamp_ns_ > floor_ns_ ? last_stamp_ns_ : floor_ns_; }

  bool malformed() const { return !malformed_.empty(); }
  const std::string& why_malformed() const { return malformed_; }
  // Nothing of what look() saw is left; with a client that is gone: nothing will ever come.
  bool empty() const { return !has_record() && (malformed() || parsed_ == reader_.tail()); }

  std::uint64_t waiting_records() const { return records_.size() - next_ + unparsed_records(); }
  // The same from the lane's memory alone. A malformed lane is not read again.
  std::uint64_t count_again() const {
    return malformed() ? waiting_records() : reader_.count_from_untrusted(position_);
  }
  std::uint64_t waiting_bytes() const { return malformed() ? held_bytes() : reader_.tail() - position_; }
  std::uint64_t position() const { return position_; }  // behind the last consumed record
  std::uint64_t lane_id() const { return lane_id_; }
  std::uint32_t slot() const { return slot_; }
  std::size_t capacity_bytes() const { return reader_.capacity_bytes(); }
  Client& client() const { return *client_; }
  const ipc::LaneReader& reader() const { return reader_; }

 private:
  void forget_consumed();
  bool parse_one(std::int64_t now_ns, std::size_t offset);
  std::uint64_t unparsed_records() const { return malformed() ? 0 : reader_.count_from_untrusted(parsed_); }

  std::shared_ptr<Client> client_;
  std::uint64_t lane_id_;
  std::uint32_t slot_;
  ipc::LaneReader reader_;
  std::size_t record_bytes_max_;

  std::vector<std::byte> bytes_;  // copied, from the first unconsumed record on
  std::vector<Stamped> records_;
  std::size_t next_ = 0;
  std::uint64_t position_ = 0;  // in the lane, behind the last consumed record
  std::uint64_t parsed_ = 0;    // in the lane, behind the last record in records_
  std::uint64_t sequence_ = 0;  // of that record
  bool sequence_is_known_;      // no successor knows what its predecessor's last record had
  std::int64_t last_stamp_ns_ = 0;
  std::int64_t floor_ns_ = 0;
  // A floor that holds from a position on that has not been parsed yet.
  std::uint64_t later_floor_position_ = 0;
  std::int64_t later_floor_ns_ = 0;
  std::uint64_t inherited_end_ = 0;
  std::string malformed_;
};

}  // namespace ringpost::daemon
