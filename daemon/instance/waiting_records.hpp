// A record that waits for its end lies in the arena, or has come back from the spool: one way to look at it, and to end it,
// wherever it is.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/disk/dead_letters.hpp"
#include "daemon/disk/spool.hpp"
#include "daemon/instance/arena.hpp"
#include "ipc/record.hpp"
#include "kafka/records.hpp"

namespace ringpost::daemon {

class WaitingRecords {
 public:
  using Ticket = kafka::Ticket;
  enum class End : std::uint8_t { kDelivered, kDead, kOnDisk };  // kOnDisk: a block of the spool has it now

  // `spool` and `letters` may be null: there is no disk.
  WaitingRecords(Arena& arena, Spool* spool, DeadLetters* letters = nullptr)
      : arena_(arena), spool_(spool), letters_(letters) {}

  static bool is_from_disk(Ticket ticket) { return (ticket & kafka::kFromDisk) != 0; }

  ipc::RecordView view(Ticket ticket) const;
  std::uint64_t sequence(Ticket ticket) const;
  // As it is written to a file; its bytes are where they were. A record that was on disk before names its place there.
  StoredRecord stored(Ticket ticket) const;

  // The packed place of the dead letter that this record is another try of; 0: of none.
  std::uint64_t replay_of(Ticket ticket) const;
  // What is tried again keeps the identity that it had at first.
  void name_as_first_tried(StoredRecord& record) const;
  // The value of its ringpost-id header.
  std::string id(Ticket ticket) const;

  void set_handed(Ticket ticket, std::int32_t partition);
  void set_overdue(Ticket ticket);  // it counts as dead from now on; finish() follows
  void finish(Ticket ticket, End end);

  Arena& arena() { return arena_; }
  Spool* spool() { return spool_; }

 private:
  Arena& arena_;
  Spool* spool_;
  DeadLetters* letters_;
};

}  // namespace ringpost::daemon
