// One instance's waiting records that are on disk. A run of one queue is put there as a *block* and comes back as one, when
// its turn comes; until then the block is all that memory holds of it.
//
//     put() ─▶ block ──bring_back()──▶ records, in memory ──end()──▶ a mark beside the segment ─▶ segment removed
//              on disk                 (and still on disk)            delivered, dead or moved    when all have ended
//
// Single-threaded: the instance's thread. It knows neither arena nor Kafka: who calls it does.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/disk/segment_books.hpp"
#include "daemon/store/log.hpp"
#include "daemon/store/stored_record.hpp"

namespace ringpost::daemon {

// Of one topic: what stands on disk, or in one segment of it. A record that was moved is counted where it is now.
struct TopicOnDisk {
  std::uint64_t records = 0;
  std::uint64_t foreign = 0;  // of these: accepted by another arena, of before a reboot
  std::uint64_t delivered = 0;
  std::uint64_t dead = 0;

  std::uint64_t waiting() const { return records - delivered - dead; }
  TopicOnDisk& operator+=(const TopicOnDisk& other);
};
using TopicsOnDisk = std::map<std::string, TopicOnDisk, std::less<>>;

class Spool {
 public:
  // Of a block, or of a record that was brought back. The upper bit says that its bytes are the disk's, as kafka::kFromDisk
  // has it.
  using Ticket = std::uint64_t;
  static constexpr Ticket kFromDisk = Ticket{1} << 63U;

  struct Options {
    Log::Options log;
    std::array<std::uint8_t, 16> arena_id{};  // of the arena whose records these are from now on
  };
  // What the one who recovers knows beside the files.
  struct Recovery {
    std::uint32_t freed_segment = 0;  // counted already, whether or not it is still there
    std::function<bool(const StoredRecord& record)> has_letter;
    // A letter that was tried again says so before the mark here does. May be empty, as the next.
    std::function<bool(const StoredRecord& record)> was_delivered{};
    std::function<void(const StoredRecord& record)> waits{};  // it goes on
    std::function<void(std::uint64_t sequence)> found;        // of this arena, on disk in whichever state
  };
  // Reads all that is there. Null, with the reasons in `problems`, when the folder can't be used. Throws nothing.
  static std::unique_ptr<Spool> open(Files& files, const Options& options, const Recovery& recovery,
                                     std::vector<Problem>& problems);
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Whose records these are that are put here from now on.
  void continue_for(const std::array<std::uint8_t, 16>& arena_id) { arena_id_ = arena_id; }

  // A block of a predecessor.
  struct Left {
    Ticket block = 0;
    std::string_view topic;
    bool keyed = false;
    std::uint32_t records = 0;
    std::uint64_t first_sequence = 0;
    std::int64_t oldest_stamp_ns = 0;  // by this boot's CLOCK_MONOTONIC
  };
  std::vector<Left> left() const;
  std::uint64_t largest_sequence() const { return largest_sequence_; }

  // Appends a run of one topic, all keyed or none; the block is not counted before settle(). nullopt: errno says why, and
  // nothing has changed.
  std::optional<Ticket> put(std::span<const StoredRecord> run);
  // The same again, for a block that is not settled and whose bytes a failed sync has lost. False: errno says why.
  bool put_again(Ticket block, std::span<const StoredRecord> run);
  // How far the log has to be synced for this block to be safe: compare with log().synced().
  std::uint64_t position(Ticket block) const { return block_at(block).position; }
  // From now on the block's records are here, and nowhere else.
  void settle(Ticket block);
  // A block that is not settled and whose records have stayed where they were.
  void withdraw(Ticket block);

  // Reads a settled block into memory: its records, in order, each under a ticket of its own; the block is no more. What
  // is damaged counts as dead and is left out. False: errno says why it can't be read now, and the block stays.
  bool bring_back(Ticket block, std::vector<Ticket>& records);
  // With a stamp of this boot's CLOCK_MONOTONIC, whichever boot it was published in.
  StoredRecord record(Ticket record) const;
  Place place(Ticket record) const;
  bool was_tried(Ticket record) const { return load_of(record).tried; }
  void count_attempt(Ticket record) { ++record_at(record).attempts; }
  static bool is_block(Ticket ticket);
  std::uint64_t first_sequence(Ticket block) const { return block_at(block).first_sequence; }
  std::uint32_t records_of(Ticket block) const { return block_at(block).records; }

  // It counts as dead from now on; end() follows all the same.
  void mark_overdue(Ticket record);
  // A record that was brought back has ended. Its bytes go when all of its block have.
  void end(Ticket record, std::uint8_t mark);  // kSpoolDelivered, kSpoolDead or kSpoolMoved

  // At the end of each turn: writes the marks, and removes segments that nothing is left in. `removed` is called before
  // one goes, and must have stored its counts when it returns.
  using Removed = std::function<void(std::uint32_t segment, const TopicsOnDisk& topics)>;
  void step(const Removed& removed);

  // Nothing is left for step() to do: no mark to be written, no file to be removed.
  bool idle() const { return !segments_changed_ && removing_ == 0 && log_->unflushed_marks() == 0; }

  TopicsOnDisk topics() const;
  std::vector<SegmentBooks> audit() const;  // oldest first
  const TopicOnDisk& totals() const { return totals_; }
  // Of the oldest record that waits in a block; 0: none does.
  std::int64_t oldest_stamp_ns() const;
  std::uint64_t damaged() const { return damaged_; }  // records that could not be read back; dead
  std::uint64_t bytes_in_memory() const { return bytes_in_memory_; }
  std::uint64_t block_count() const { return blocks_.size() - free_blocks_.size(); }
  Log& log() { return *log_; }
  const Log& log() const { return *log_; }

 private:
  using TopicNumber = std::uint32_t;

  struct Block {
    Place first;
    std::uint32_t bytes = 0;  // of its frames
    std::uint32_t records = 0;
    TopicNumber topic = 0;
    std::int32_t partition = -1;
    bool keyed = false;
    bool tried = false;  // a predecessor had brought it back: its records may have arrived
    bool settled = false;
    std::uint64_t foreign = 0;  // of its records
    std::uint64_t position = 0;
    std::uint64_t first_sequence = 0;
    std::uint64_t last_sequence = 0;
    std::int64_t oldest_stamp_ns = 0;
  };
  // A block in memory.
  struct Load {
    std::vector<std::byte> bytes;
    Place first;
    std::uint32_t live = 0;
    TopicNumber topic = 0;
    bool tried = false;
    bool same_boot = true;
  };
  struct Record {
    std::uint32_t load = 0;
    std::uint32_t frame_offset = 0;  // in the load's bytes
    std::uint32_t payload_bytes = 0;
    std::uint32_t attempts = 0;  // beyond those that the file knows
    bool overdue = false;
  };
  struct Segment {
    bool same_boot = true;
    std::uint64_t unsettled = 0;  // records of blocks that are not settled
    std::uint64_t held = 0;       // records in memory
    std::map<TopicNumber, TopicOnDisk> topics;
    std::uint64_t waiting() const;
  };
  class Reader;  // spool_recovery.cpp

  explicit Spool(std::array<std::uint8_t, 16> arena_id) : arena_id_(arena_id) {}

  bool append(Block& block, std::span<const StoredRecord> run);
  TopicNumber number_of(std::string_view topic);
  static Ticket ticket_of_block(std::uint32_t index);
  Ticket add_block(const Block& block);
  void drop_block(Ticket block);
  Block& block_at(Ticket ticket);
  const Block& block_at(Ticket ticket) const;
  Record& record_at(Ticket ticket);
  const Record& record_at(Ticket ticket) const;
  const Load& load_of(Ticket ticket) const { return *loads_[record_at(ticket).load]; }
  std::span<const std::byte> payload_of(const Record& record) const;
  std::uint32_t add_load(std::unique_ptr<Load> load);
  void drop_load(std::uint32_t number);
  Ticket add_record(const Record& record);
  std::int64_t stamp_by_this_boot(const StoredRecord& record, bool same_boot) const;
  void count(std::uint32_t segment, TopicNumber topic, const TopicOnDisk& more);
  void count_damaged(const Block& block, std::uint64_t records);
  void uncount_dead(std::uint32_t segment, TopicNumber topic);
  void uncount_moved(std::uint32_t segment, TopicNumber topic, bool foreign);
  void remove_segment(std::uint32_t number, const Removed& removed);
  bool finish_removing();

  std::array<std::uint8_t, 16> arena_id_;
  std::unique_ptr<Log> log_;
  std::vector<std::string> topic_names_;
  std::map<std::string, TopicNumber, std::less<>> topic_numbers_;
  std::map<std::uint32_t, Segment> segments_;
  std::vector<Block> blocks_;
  std::vector<std::uint32_t> free_blocks_;
  std::vector<std::unique_ptr<Load>> loads_;
  std::vector<std::uint32_t> free_loads_;
  std::vector<Record> records_;
  std::vector<std::uint32_t> free_records_;
  TopicOnDisk totals_;
  std::uint64_t largest_sequence_ = 0;
  std::uint64_t damaged_ = 0;
  std::uint64_t bytes_in_memory_ = 0;
  bool segments_changed_ = false;  // one may be removable
  std::uint32_t removing_ = 0;     // counted as gone, and its files may still be there; 0: none
  std::vector<std::byte> scratch_;
};

}  // namespace ringpost::daemon
