// An arena that a dead daemon has left, at whichever instruction it died: what counts, what is stale, what is still to
// be sent. The rules and why each of them is needed: ipc/arena_layout.hpp and tests/model.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>

#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "daemon/instance/arena.hpp"

namespace ringpost::daemon {
namespace {

using ipc::ArenaPrefix;
using ipc::ArenaState;

[[noreturn]] void damaged(const std::string& what) {
  throw std::runtime_error("the arena that was left is damaged: " + what);
}

}  // namespace

Arena::Arena(ipc::Descriptor memory) : memory_(std::move(memory)) {
  const std::size_t size_bytes = ipc::size_of(memory_);
  if (size_bytes < ipc::kArenaTableOffset) damaged(fmt::format("it has {} bytes", size_bytes));
  mapping_ = ipc::map(memory_, ipc::Access::kReadWrite, 0, size_bytes);
  base_ = static_cast<std::byte*>(mapping_.get_address());
  check_header();
  chunk_bytes_ = header().chunk_bytes;
  chunks_.resize(header().chunk_count);
  chunks_offset_ = ipc::arena_chunks_offset(chunks_.size());
  if (size_bytes != chunks_offset_ + chunks_.size() * chunk_bytes_) {
    damaged(
        fmt::format("{} chunks of {} bytes do not make {} bytes", chunks_.size(), chunk_bytes_, size_bytes));
  }
  boost::uuids::uuid id;
  std::copy(header().arena_id.begin(), header().arena_id.end(), id.begin());
  id_ = boost::uuids::to_string(id);

  next_ = header().commits[header().selector.load(std::memory_order_acquire) % 2];  // commit()
  delivered_ = next_.freed_delivered;
  dead_ = next_.freed_dead;
  forget_half_freed();
  for (auto number = static_cast<std::uint32_t>(chunks_.size()); number > 0; --number)
    recover_chunk(number - 1);
  std::sort(left_.begin(), left_.end(),
            [this](Ticket a, Ticket b) { return prefix(a).sequence < prefix(b).sequence; });
  if (delivered_ + dead_ + left_.size() != next_.next_sequence - 1) {
    damaged(fmt::format("{} records were accepted, {} delivered, {} are dead and {} left",
                        next_.next_sequence - 1, delivered_, dead_, left_.size()));
  }
}

void Arena::check_header() const {
  if (header().magic != ipc::kArenaMagic) damaged("it has no arena's beginning");
  if (header().version != ipc::kArenaVersion) {
    throw std::runtime_error(
        fmt::format("the arena that was left is of version {}, this ringpostd knows version {}",
                    header().version, ipc::kArenaVersion));
  }
  if (header().chunk_count < 2 || header().chunk_bytes < ipc::kPageBytes ||
      header().chunk_bytes > std::numeric_limits<std::uint32_t>::max()) {
    damaged(fmt::format("{} chunks of {} bytes", header().chunk_count, header().chunk_bytes));
  }
}

// The chunk that was freed last: the totals have its records, the table may have it still.
void Arena::forget_half_freed() {
  for (std::uint32_t number = 0; number < chunks_.size(); ++number) {
    if (next_.freed_opened != 0 && chunk(number).opened == next_.freed_opened) chunk(number).opened = 0;
  }
}

// Free; with records that count; or opened for records that were never committed.
void Arena::recover_chunk(std::uint32_t number) {
  ipc::ArenaChunk& entry = chunk(number);
  const bool counts = entry.opened != 0 && entry.opened <= next_.opened;
  // Stale records are cut off before a new one can get the sequence number of one of them.
  entry.end_offset = counts ? recover_records(number) : 0;
  const ChunkUse& use = chunks_[number];
  if (use.live != 0) return;
  if (use.delivered + use.dead != 0) return free_chunk(number);
  entry.opened = 0;
  free_.push_back(number);
}

// Where the records that count end.
std::uint64_t Arena::recover_records(std::uint32_t number) {
  const std::uint64_t end_offset = chunk(number).end_offset;
  if (end_offset > chunk_bytes_) damaged(fmt::format("chunk {} ends at {}", number, end_offset));
  std::uint64_t offset = 0;
  std::uint64_t sequence_before = 0;
  while (offset < end_offset) {
    const Ticket ticket = chunk_offset(number) + offset;
    if (end_offset - offset < sizeof(ArenaPrefix)) damaged(fmt::format("chunk {} ends in a prefix", number));
    const ArenaPrefix& at = prefix(ticket);
    if (at.sequence >= next_.next_sequence) break;
    ipc::RecordView record;
    const bool whole =
        at.size >= sizeof(ArenaPrefix) && at.size <= end_offset - offset &&
        ipc::parse_record(std::span(this->at(ticket + sizeof(ArenaPrefix)), at.size - sizeof(ArenaPrefix)),
                          record) == ipc::RecordError::kNone;
    if (!whole || at.sequence <= sequence_before) {
      damaged(fmt::format("chunk {} has no record at {}", number, offset));
    }
    sequence_before = at.sequence;
    count_recovered(number, ticket);
    offset += at.size;
  }
  return offset;
}

void Arena::count_recovered(std::uint32_t number, Ticket ticket) {
  const ArenaPrefix& at = prefix(ticket);
  std::uint64_t& position = lane_positions_[at.lane_id];
  position = std::max(position, at.lane_position);
  ChunkUse& use = chunks_[number];
  switch (static_cast<ArenaState>(at.state.load(std::memory_order_acquire))) {  // set_handed(), finish()
    case ArenaState::kDelivered:
      ++use.delivered;
      ++delivered_;
      return;
    case ArenaState::kDead:
      ++use.dead;
      ++dead_;
      return;
    default:
      ++use.live;
      left_.push_back(ticket);
  }
}

void Arena::settle(Ticket ticket, Tenant tenant) {
  prefix_at(ticket)->stay = tenancy_.arrive(tenant, chunk(chunk_of(ticket)).opened);
}

std::uint64_t Arena::lane_position(std::uint64_t lane_id) const {
  const auto found = lane_positions_.find(lane_id);
  return found == lane_positions_.end() ? 0 : found->second;
}

std::uint64_t Arena::largest_lane_id() const {
  std::uint64_t largest = 0;
  for (const auto& [lane_id, position] : lane_positions_) largest = std::max(largest, lane_id);
  return largest;
}

void Arena::forget_left() {
  left_ = {};
  lane_positions_ = {};
}

}  // namespace ringpost::daemon
