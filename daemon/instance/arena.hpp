// The instance's arena: accepted events from the moment their lanes may forget them until Kafka has
// acknowledged them (layout: ipc/arena_layout.hpp). Single-threaded: the instance's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "daemon/instance/books.hpp"
#include "daemon/instance/tenancy.hpp"
#include "ipc/arena_layout.hpp"
#include "ipc/record.hpp"
#include "ipc/shared_memory.hpp"

namespace ringpost::daemon {

class Arena {
 public:
  // Where a record is: its prefix's offset in the arena. Valid until finish().
  using Ticket = std::uint64_t;

  // Rounded up to whole chunks, two at least; a chunk holds the largest record. `first_sequence`: above all that a spool
  // holds, where there is one.
  Arena(std::size_t buffer_bytes, std::size_t max_event_bytes, std::uint64_t first_sequence = 1);

  // Of another size, in the place of one that nothing is left in: it is the same arena for whoever reads its records' ids, on
  // disk or in Kafka. Sequences and totals go on.
  Arena(std::size_t buffer_bytes, std::size_t max_event_bytes, const Arena& emptied);

  // What a dead daemon has left. Throws std::runtime_error when it is of another version or damaged: it is left
  // as it is, then. Every one of left() must be settled before the first append().
  explicit Arena(ipc::Descriptor memory);
  // The records that have not ended, in the order of their sequence.
  const std::vector<Ticket>& left() const { return left_; }
  void settle(Ticket ticket, Tenant tenant);
  // Behind the last record that was taken from this lane, as far as the arena knows; 0: nothing of it.
  std::uint64_t lane_position(std::uint64_t lane_id) const;
  std::uint64_t largest_lane_id() const;
  void forget_left();  // after the last settle(): frees the memory of the above

  const ipc::Descriptor& memory() const { return memory_; }  // for who keeps it beyond this process
  std::size_t max_event_bytes() const { return header().max_event_bytes; }
  bool has_size(std::size_t buffer_bytes, std::size_t max_event_bytes) const;
  bool ever_connected() const {
    return header().ever_connected.load(std::memory_order_relaxed) != 0;  // note_connected()
  }
  void note_connected() {
    header().ever_connected.store(1, std::memory_order_relaxed);  // a figure for a successor
  }

  struct Origin {
    std::uint64_t lane_id = 0;
    std::uint64_t lane_position = 0;  // behind the record
    std::int64_t stamp_ns = 0;        // as the drainer has it: a client's lie is corrected
    std::int64_t create_time_ms = 0;
    std::uint32_t client_uid = 0;
    std::int32_t client_pid = 0;
  };
  // Its records are counted in the topic's book. "": of all topics that are not listed.
  Tenant add_tenant(std::string_view topic);
  bool has_room(Tenant tenant, std::size_t record_bytes) const;
  // Copies the record in and gives it the next sequence number. Needs room. Not accepted before commit().
  Ticket append(const Origin& origin, Tenant tenant, std::span<const std::byte> record);
  // One store makes all that was appended since the last commit() the arena's content.
  void commit();

  const ipc::ArenaPrefix& prefix(Ticket ticket) const { return *prefix_at(ticket); }
  ipc::RecordView record(Ticket ticket) const;
  std::span<const std::byte> record_bytes(Ticket ticket) const;
  std::uint32_t chunk_of(Ticket ticket) const {
    return static_cast<std::uint32_t>((ticket - chunks_offset_) / chunk_bytes_);
  }
  ipc::ArenaState state_of(Ticket ticket) const;
  void set_handed(Ticket ticket, std::int32_t partition);
  bool is_handed(Ticket ticket) const { return state_of(ticket) == ipc::ArenaState::kHanded; }
  // Of a record that was handed over: it counts as dead until finish() says how it really ended.
  void set_overdue(Ticket ticket);
  // Ends a record as delivered, dead or spooled. Its chunk is free when all its records have ended.
  void finish(Ticket ticket, ipc::ArenaState end);

  // Takes over what a segment of the spool had, in one commit, before its file is removed. Not twice: a successor that
  // finds the file of freed_segment() only removes it. No other is freed before that, and no segment gets its number again.
  void free_segment(std::uint64_t number, std::span<const SegmentBook> books);
  std::uint64_t freed_segment() const { return next_.freed_segment; }  // 0: none

  const std::string& id() const { return id_; }
  std::array<std::uint8_t, 16> id_bytes() const { return header().arena_id; }
  std::uint64_t first_sequence() const { return header().first_sequence; }
  std::uint64_t next_sequence() const { return next_.next_sequence; }
  // accepted = delivered + dead + spooled + waiting.
  std::uint64_t accepted() const { return next_.next_sequence - header().first_sequence; }
  std::uint64_t delivered() const { return sums_.delivered; }
  std::uint64_t dead() const { return sums_.dead; }  // overdue ones, too
  std::uint64_t spooled() const { return sums_.spooled; }
  std::uint64_t waiting() const { return accepted() - delivered() - dead() - spooled(); }
  // All of these, and what was on disk in segments that are gone.
  Totals sums() const {
    Totals sums = sums_;
    sums.waiting = waiting();
    return sums;
  }
  // The same by topic, the one without a name first. When all that was left is settled.
  std::vector<TopicTotals> totals() const;
  std::size_t buffer_bytes() const { return chunk_bytes_ * chunks_.size(); }
  std::size_t chunk_bytes() const { return chunk_bytes_; }
  std::size_t chunk_count() const { return chunks_.size(); }
  std::size_t free_chunks() const { return free_.size(); }
  // Chunks that can't be used again before a record of this tenant has ended.
  std::size_t pinned_chunks(Tenant tenant) const { return tenancy_.pinned_chunks(tenant); }
  std::size_t used_bytes() const;  // chunks that are pinned by a record, or being filled
  // The stamp of the oldest record that waits; 0: none.
  std::int64_t oldest_stamp_ns() const;

  // Counts again, from the shared memory alone, as a successor would.
  struct Audit : Totals {
    std::uint64_t accepted = 0;
    std::vector<TopicTotals> topics;
  };
  Audit audit() const;

 private:
  // What this process knows of a chunk beside its entry in the table.
  struct ChunkUse {
    bool filling = false;
    std::uint32_t live = 0;  // records that have not ended
    Tenancy::Number stays = Tenancy::kNone;
  };

  // A chunk that is being filled, and by whom.
  struct Filling {
    static constexpr std::uint32_t kNoChunk = 0xFFFFFFFF;
    std::uint32_t chunk = kNoChunk;
    std::uint64_t offset = 0;
    bool fits(std::size_t bytes, std::size_t chunk_bytes) const {
      return chunk != kNoChunk && offset + bytes <= chunk_bytes;
    }
  };

  std::byte* at(std::uint64_t offset) const { return base_ + offset; }
  ipc::ArenaPrefix* prefix_at(Ticket ticket) const { return reinterpret_cast<ipc::ArenaPrefix*>(at(ticket)); }
  ipc::ArenaHeader& header() const { return *reinterpret_cast<ipc::ArenaHeader*>(base_); }
  ipc::ArenaChunk& chunk(std::uint32_t number) const {
    return reinterpret_cast<ipc::ArenaChunk*>(at(ipc::kArenaTableOffset))[number];
  }
  std::uint64_t chunk_offset(std::uint32_t number) const { return chunks_offset_ + number * chunk_bytes_; }
  Tenancy::Place place_of(std::uint32_t number) { return {chunk(number).opened, chunks_[number].stays}; }
  // Visits the committed records of one chunk, in order, until `visit` says false.
  template <typename Visit>
  void walk(std::uint32_t number, const ipc::ArenaCommit& commit, Visit visit) const;
  const Filling& filling_of(Tenant tenant) const {
    return own_[tenant].chunk != Filling::kNoChunk ? own_[tenant] : common_;
  }
  bool lags(Tenant tenant) const;
  // arena_recovery.cpp
  void check_header() const;
  void forget_half_freed();
  void recover_chunk(std::uint32_t number);
  std::uint64_t recover_records(std::uint32_t number);
  void count_recovered(std::uint32_t number, Ticket ticket, std::vector<Tenancy::Number>& ended);
  void open_books();
  void open_chunk(Filling& filling);
  void close_chunk(Filling& filling);
  void free_chunk(std::uint32_t number);

  std::size_t chunk_bytes_;
  std::uint64_t chunks_offset_;
  ipc::Descriptor memory_;
  ipc::Mapping mapping_;
  std::byte* base_;
  std::string id_;

  ipc::ArenaCommit next_{};  // what the next commit() will store
  std::vector<ChunkUse> chunks_;
  Filling common_;            // of all tenants but those that lag
  std::vector<Filling> own_;  // by tenant
  std::size_t own_count_ = 0;
  Tenancy tenancy_;
  std::vector<std::uint32_t> free_;  // the last freed is used first: it is still in the cache
  std::unique_ptr<Books> books_;
  Totals sums_;  // but for what waits
  std::vector<Ticket> left_;
  std::unordered_map<std::uint64_t, std::uint64_t> lane_positions_;  // as recovered
};

}  // namespace ringpost::daemon
