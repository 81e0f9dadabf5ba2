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
  open_books();
  for (const TopicTotals& topic : books_->topics()) sums_ += topic;
  forget_half_freed();
  for (auto number = static_cast<std::uint32_t>(chunks_.size()); number > 0; --number)
    recover_chunk(number - 1);
  std::sort(left_.begin(), left_.end(),
            [this](Ticket a, Ticket b) { return prefix(a).sequence < prefix(b).sequence; });
  if (waiting() != left_.size()) {
    damaged(fmt::format("{} records were accepted, {} delivered, {} are dead, {} spooled and {} left",
                        accepted(), delivered(), dead(), spooled(), left_.size()));
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
  const std::uint64_t selector = header().selector.load(std::memory_order_acquire);  // commit()
  if (header().first_sequence == 0 ||
      header().commits[selector % 2].next_sequence < header().first_sequence) {
    damaged(fmt::format("its first record is {}, its next {}", header().first_sequence,
                        header().commits[selector % 2].next_sequence));
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
  if (use.stays != Tenancy::kNone) return free_chunk(number);
  entry.opened = 0;
  free_.push_back(number);
}

// Where the records that count end.
std::uint64_t Arena::recover_records(std::uint32_t number) {
  const std::uint64_t end_offset = chunk(number).end_offset;
  if (end_offset > chunk_bytes_) damaged(fmt::format("chunk {} ends at {}", number, end_offset));
  std::vector<Tenancy::Number> ended(books_->count(), Tenancy::kNone);
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
    if (!whole || at.sequence <= sequence_before || at.book >= books_->count()) {
      damaged(fmt::format("chunk {} has no record at {}", number, offset));
    }
    sequence_before = at.sequence;
    count_recovered(number, ticket, ended);
    offset += at.size;
  }
  return offset;
}

// `ended`: by book, the stay that counts this chunk's records that have ended.
void Arena::count_recovered(std::uint32_t number, Ticket ticket, std::vector<Tenancy::Number>& ended) {
  const ArenaPrefix& at = prefix(ticket);
  if (at.lane_id != ipc::kReplayLane) {
    std::uint64_t& position = lane_positions_[at.lane_id];
    position = std::max(position, at.lane_position);
  }
  ChunkUse& use = chunks_[number];
  const ArenaState state = state_of(ticket);
  if (state == ArenaState::kWaiting || state == ArenaState::kHanded) {
    ++use.live;
    left_.push_back(ticket);
    return;
  }
  if (ended[at.book] == Tenancy::kNone) ended[at.book] = tenancy_.add_ended(at.book, use.stays);
  Tenancy::Stay& stay = tenancy_.stay(ended[at.book]);
  switch (state) {
    case ArenaState::kDelivered:
      ++stay.delivered;
      ++sums_.delivered;
      return;
    case ArenaState::kSpooled:
      ++stay.spooled;
      ++sums_.spooled;
      return;
    case ArenaState::kOverdue:
      // Nobody waits for its acknowledgement any more.
      prefix_at(ticket)->state.store(static_cast<std::uint32_t>(ArenaState::kDead),
                                     std::memory_order_release);  // for a successor of ours
      [[fallthrough]];
    case ArenaState::kDead:
      ++stay.dead;
      ++sums_.dead;
      return;
    default:
      damaged(fmt::format("record {} has the state {}", at.sequence, static_cast<std::uint32_t>(state)));
  }
}

void Arena::settle(Ticket ticket, Tenant tenant) {
  prefix_at(ticket)->stay = tenancy_.arrive_left(tenant, prefix(ticket).book, place_of(chunk_of(ticket)));
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
  tenancy_.forget_left();
}

}  // namespace ringpost::daemon
