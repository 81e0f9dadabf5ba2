// From the arena to the disk and back: runs of queues that are stuck make room for what comes, and return when their turn has
// come. A run's records end in the arena only when the disk has them for sure; until then the run can be taken back as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/disk/disk_trouble.hpp"
#include "daemon/disk/spool.hpp"
#include "daemon/instance/topics.hpp"
#include "daemon/instance/waiting_records.hpp"
#include "kafka/records.hpp"

namespace ringpost::daemon {

class Overflow {
 public:
  using Ticket = WaitingRecords::Ticket;

  // Without a spool it refuses everything.
  Overflow(const InstanceConfig& config, WaitingRecords& records, Topics& topics)
      : spools_(config.spool_bytes != 0),
        memory_max_bytes_(config.buffer_size_bytes),
        records_(records),
        topics_(topics),
        trouble_(config.name),
        read_trouble_(config.name) {}

  // As kafka::RecordOwner says.
  std::optional<Ticket> put_on_disk(std::span<const Ticket> tickets, std::int32_t partition);
  kafka::RecordOwner::BringBack bring_back(Ticket block, std::vector<kafka::RecordOwner::Returned>& records);
  std::uint64_t sequence(Ticket ticket) const;  // of a record, or of a block's first

  // Once a turn: what the disk has for sure ends in the arena; what a failed sync has lost is written again.
  void step(std::int64_t now_ns);
  // Nothing has to go to disk; when nothing is there either, what was wrong with it wrongs nobody any more.
  void not_needed();
  // Syncs now; false: the disk does not have all of it.
  bool finish_now();
  bool idle() const { return pending_.empty() && !withdrawn_; }

  bool spools() const { return spools_ && records_.spool() != nullptr; }
  bool may_spill(std::int64_t now_ns) const { return spools() && !trouble_.pauses(now_ns); }
  std::uint64_t pending_bytes() const { return pending_bytes_; }  // on their way out of the arena
  // For people; empty: none.
  const std::string& problem() const { return trouble_.is_there() ? trouble_.text() : read_trouble_.text(); }

 private:
  // A block whose records are still where they were, too.
  struct Pending {
    std::vector<Ticket> tickets;
    std::uint64_t bytes = 0;
    std::int32_t partition = -1;
    bool written = true;  // false: a sync has lost it
  };

  std::vector<StoredRecord> stored(std::span<const Ticket> tickets, std::int32_t partition) const;
  std::string_view what_failed(int error) const;
  kafka::RecordOwner::Returned returned(Ticket ticket) const;
  void settle(Ticket block, const Pending& pending);
  void take_back_lost();
  void write_again(std::int64_t now_ns);

  bool spools_;
  std::uint64_t memory_max_bytes_;  // of what is brought back: as much as the arena has
  WaitingRecords& records_;
  Topics& topics_;
  std::unordered_map<Ticket, Pending> pending_;
  std::uint64_t pending_bytes_ = 0;
  std::vector<Ticket> brought_;
  bool withdrawn_ = false;  // some block, since all was synced
  DiskTrouble trouble_;     // with writing
  DiskTrouble read_trouble_;
};

}  // namespace ringpost::daemon
