// A lane whose client does what a script says, and the script is a fuzzer's input: honest records, records with one
// field changed, any bytes, any tail, any stamp, and changes of what was published already.
//
//     op u8 % 8     operands                                       what its client does
//     0 record      topic u8, key u8, headers u8, message u8...    writes a whole, right record behind the last
//     1 damaged     as 0, then field u8, value u32                 the same with one field of its header changed
//     2 bytes       count u8, bytes                                writes them behind the last record
//     3 publish                                                    stores the right tail
//     4 tail        distance i16                                   stores a tail that far off the right one
//     5 tail        value u64                                      stores that
//     6 flip        back u16, mask u8                              changes a byte that was written before
//     7 stamp       kind u8                                        stamps from here on: now, past, future, equal...
//     8 round                                                      the daemon has its turn
//     9 hole        page u8                                        punches a hole into the ring
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "daemon/instance/client.hpp"
#include "daemon/instance/lane_feed.hpp"
#include "fuzz/input.hpp"
#include "ipc/lane_layout.hpp"
#include "ipc/record.hpp"
#include "ipc/shared_memory.hpp"

namespace ringpost::fuzz {

// The names that the harness's instances list. The script's third one is not listed.
inline constexpr std::string_view kListedTopics[] = {"orders", "t"};

// A lane's memory, mapped as its client has it. Made once and wiped for each input: to make it takes longer than what
// most inputs do with it.
class LaneMemory {
 public:
  static constexpr std::size_t kCapacityBytes = ipc::kLaneMinBytes;

  LaneMemory();
  void wipe();

  const ipc::Descriptor& descriptor() const { return memory_; }
  ipc::LaneHeader& header() const { return *static_cast<ipc::LaneHeader*>(mapping_.get_address()); }
  std::byte* ring() const { return static_cast<std::byte*>(mapping_.get_address()) + ipc::kLaneRingOffset; }

 private:
  ipc::Descriptor memory_;
  ipc::Mapping mapping_;
};

class ScriptedLane {
 public:
  static constexpr std::size_t kCapacityBytes = LaneMemory::kCapacityBytes;

  // Wipes the memory first.
  ScriptedLane(LaneMemory& memory, const Input& script);

  // Goes on until the daemon has its turn (true) or the script is at its end (false).
  bool play();

  const ipc::Descriptor& memory() const { return memory_.descriptor(); }
  std::span<const std::byte> ring() const { return {memory_.ring(), kCapacityBytes}; }

 private:
  void step(std::uint8_t op);
  void write_record(Input& operands, bool damaged);
  void write(std::span<const std::byte> bytes);
  void store_tail(std::uint64_t tail);
  void flip();
  void punch_hole();
  std::int64_t next_stamp_ns();

  LaneMemory& memory_;
  Input script_;
  bool daemons_turn_ = false;
  std::uint64_t written_ = 0;  // where an honest tail would stand
  std::uint64_t sequence_ = 0;
  std::uint8_t stamp_kind_ = 0;
  std::int64_t last_stamp_ns_ = 0;
};

}  // namespace ringpost::fuzz
