#include "daemon/instance/arena.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>

namespace ringpost::daemon {
namespace {

using ipc::ArenaChunk;
using ipc::ArenaCommit;
using ipc::ArenaPrefix;
using ipc::ArenaState;

constexpr std::size_t kChunkMinBytes = 1u << 20;

std::size_t chunk_bytes_for(std::size_t max_event_bytes) {
  const std::size_t record_bytes =
      sizeof(ArenaPrefix) +
      ipc::align_record(sizeof(ipc::RecordHeader) + ipc::kTopicNameMaxBytes + max_event_bytes);
  return std::max(kChunkMinBytes, std::bit_ceil(record_bytes));
}

std::size_t chunk_count_for(std::size_t buffer_bytes, std::size_t chunk_bytes) {
  return std::max<std::size_t>(2, (buffer_bytes + chunk_bytes - 1) / chunk_bytes);
}

bool waits(ArenaState state) { return state == ArenaState::kWaiting || state == ArenaState::kHanded; }

// What of it is counted in the totals of these states: overdue counts as dead.
template <typename Counts>
auto& count_of(Counts& counts, ArenaState state) {
  switch (state) {
    case ArenaState::kDelivered:
      return counts.delivered;
    case ArenaState::kSpooled:
      return counts.spooled;
    default:
      assert(state == ArenaState::kDead || state == ArenaState::kOverdue);
      return counts.dead;
  }
}

}  // namespace

Arena::Arena(std::size_t buffer_bytes, std::size_t max_event_bytes, std::uint64_t first_sequence)
    : chunk_bytes_(chunk_bytes_for(max_event_bytes)),
      chunks_offset_(ipc::arena_chunks_offset(chunk_count_for(buffer_bytes, chunk_bytes_))),
      chunks_(chunk_count_for(buffer_bytes, chunk_bytes_)) {
  const std::size_t size_bytes = chunks_offset_ + chunks_.size() * chunk_bytes_;
  memory_ = ipc::create_memory("ringpost-arena", size_bytes);
  mapping_ = ipc::map(memory_, ipc::Access::kReadWrite, 0, size_bytes);
  base_ = static_cast<std::byte*>(mapping_.get_address());
  ipc::seal(memory_, ipc::Writers::kEverybody);

  const boost::uuids::uuid id = boost::uuids::random_generator()();
  id_ = boost::uuids::to_string(id);
  header().magic = ipc::kArenaMagic;
  header().version = ipc::kArenaVersion;
  header().chunk_count = static_cast<std::uint32_t>(chunks_.size());
  header().chunk_bytes = chunk_bytes_;
  header().max_event_bytes = max_event_bytes;
  header().first_sequence = first_sequence;
  std::copy(id.begin(), id.end(), header().arena_id.begin());

  for (auto number = static_cast<std::uint32_t>(chunks_.size()); number > 0; --number)
    free_.push_back(number - 1);
  next_.next_sequence = first_sequence;
  open_books();
  commit();
}

Arena::Arena(std::size_t buffer_bytes, std::size_t max_event_bytes, const Arena& emptied)
    : Arena(buffer_bytes, max_event_bytes, emptied.first_sequence()) {
  assert(emptied.waiting() == 0);
  // What it gave to the disk is still there under this id, and the totals that go on have counted it.
  header().arena_id = emptied.header().arena_id;
  id_ = emptied.id_;
  next_.next_sequence = emptied.next_.next_sequence;
  next_.freed_segment = emptied.next_.freed_segment;
  sums_ = emptied.sums_;
  for (const TopicTotals& topic : emptied.totals()) {
    ipc::BookTotals& book = books_->change(books_->open(topic.name));
    book.delivered += topic.delivered;
    book.dead += topic.dead;
    book.spooled += topic.spooled;
    book.disk_delivered += topic.disk_delivered;
    book.disk_dead += topic.disk_dead;
    book.disk_foreign += topic.disk_foreign;
  }
  lane_positions_ = emptied.lane_positions_;
  if (emptied.ever_connected()) note_connected();
  commit();
}

bool Arena::has_size(std::size_t buffer_bytes, std::size_t max_event_bytes) const {
  return header().max_event_bytes == max_event_bytes && chunk_bytes_ == chunk_bytes_for(max_event_bytes) &&
         chunks_.size() == chunk_count_for(buffer_bytes, chunk_bytes_);
}

void Arena::open_books() {
  auto* const table = reinterpret_cast<ipc::ArenaBook*>(at(ipc::arena_books_offset(chunks_.size())));
  books_ = std::make_unique<Books>(table, header().selector);
}

Tenant Arena::add_tenant(std::string_view topic) {
  own_.emplace_back();
  return tenancy_.add(books_->open(topic));
}

bool Arena::has_room(Tenant tenant, std::size_t record_bytes) const {
  const std::size_t needed_bytes = sizeof(ArenaPrefix) + record_bytes;
  if (needed_bytes > chunk_bytes_) return false;
  return filling_of(tenant).fits(needed_bytes, chunk_bytes_) || !free_.empty();
}

// Its records would go on pinning chunks that others have long done with. A few lag at a time; when all do, nobody's
// records are in anybody's way.
bool Arena::lags(Tenant tenant) const {
  return tenancy_.pinned_chunks(tenant) > std::clamp<std::size_t>(chunks_.size() / 16, 1, 4) &&
         own_count_ < chunks_.size() / 8 && !free_.empty();
}

Arena::Ticket Arena::append(const Origin& origin, Tenant tenant, std::span<const std::byte> record) {
  const std::size_t size_bytes = sizeof(ArenaPrefix) + record.size();
  assert(has_room(tenant, record.size()));
  Filling& own = own_[tenant];
  if (own.chunk == Filling::kNoChunk && lags(tenant)) {
    open_chunk(own);
    ++own_count_;
  }
  Filling& filling = own.chunk != Filling::kNoChunk ? own : common_;
  if (!filling.fits(size_bytes, chunk_bytes_)) {
    close_chunk(filling);
    open_chunk(filling);
  }

  const Ticket ticket = chunk_offset(filling.chunk) + filling.offset;
  ArenaPrefix* prefix = prefix_at(ticket);
  prefix->sequence = next_.next_sequence++;
  prefix->size = static_cast<std::uint32_t>(size_bytes);
  prefix->state.store(static_cast<std::uint32_t>(ArenaState::kWaiting),
                      std::memory_order_relaxed);  // see commit()
  prefix->partition = -1;
  prefix->stay = tenancy_.arrive(tenant, place_of(filling.chunk));
  prefix->lane_id = origin.lane_id;
  prefix->lane_position = origin.lane_position;
  prefix->create_time_ms = origin.create_time_ms;
  prefix->book = tenancy_.book(tenant);
  prefix->client_uid = origin.client_uid;
  prefix->client_pid = origin.client_pid;
  prefix->attempts = 0;
  std::memcpy(at(ticket + sizeof(ArenaPrefix)), record.data(), record.size());
  std::memcpy(at(ticket + sizeof(ArenaPrefix) + offsetof(ipc::RecordHeader, stamp_ns)), &origin.stamp_ns,
              sizeof origin.stamp_ns);
  filling.offset += size_bytes;
  chunk(filling.chunk).end_offset = filling.offset;
  ++chunks_[filling.chunk].live;
  return ticket;
}

void Arena::commit() {
  const std::uint64_t selector =
      header().selector.load(std::memory_order_relaxed) + 1;  // ours alone to write
  header().commits[selector % 2] = next_;
  // Read by a successor after this process has died: what was stored before is there.
  header().selector.store(selector, std::memory_order_release);
}

std::span<const std::byte> Arena::record_bytes(Ticket ticket) const {
  return {at(ticket + sizeof(ArenaPrefix)), prefix_at(ticket)->size - sizeof(ArenaPrefix)};
}

ipc::RecordView Arena::record(Ticket ticket) const {
  ipc::RecordView view;
  [[maybe_unused]] const ipc::RecordError error = ipc::parse_record(record_bytes(ticket), view);
  assert(error == ipc::RecordError::kNone);  // it was parsed before it came here, and nobody else writes here
  return view;
}

ArenaState Arena::state_of(Ticket ticket) const {
  // set_handed(), set_overdue(), finish()
  return static_cast<ArenaState>(prefix(ticket).state.load(std::memory_order_acquire));
}

void Arena::set_handed(Ticket ticket, std::int32_t partition) {
  ArenaPrefix* prefix = prefix_at(ticket);
  prefix->partition = partition;
  ++prefix->attempts;
  prefix->state.store(static_cast<std::uint32_t>(ArenaState::kHanded),
                      std::memory_order_release);  // for a successor
}

void Arena::set_overdue(Ticket ticket) {
  assert(is_handed(ticket));
  ArenaPrefix* prefix = prefix_at(ticket);
  prefix->state.store(static_cast<std::uint32_t>(ArenaState::kOverdue),
                      std::memory_order_release);  // for a successor
  ++tenancy_.stay(prefix->stay).overdue;
  ++sums_.dead;
}

void Arena::finish(Ticket ticket, ArenaState end) {
  ArenaPrefix* prefix = prefix_at(ticket);
  Tenancy::Stay& stay = tenancy_.stay(prefix->stay);
  if (state_of(ticket) == ArenaState::kOverdue) {
    --stay.overdue;
    --sums_.dead;
  }
  prefix->state.store(static_cast<std::uint32_t>(end), std::memory_order_release);  // for a successor
  ++count_of(stay, end);
  ++count_of(sums_, end);
  const std::uint32_t number = chunk_of(ticket);
  ChunkUse& use = chunks_[number];
  assert(use.live > 0);
  --use.live;
  const Tenant tenant = tenancy_.leave(prefix->stay);
  if (use.live == 0 && !use.filling) free_chunk(number);
  if (tenancy_.pinned_chunks(tenant) == 0 && own_[tenant].chunk != Filling::kNoChunk) {
    close_chunk(own_[tenant]);
    --own_count_;
  }
}

void Arena::open_chunk(Filling& filling) {
  filling = {free_.back(), 0};
  free_.pop_back();
  chunks_[filling.chunk].filling = true;
  ++next_.opened;
  ArenaChunk& opened = chunk(filling.chunk);
  opened.end_offset = 0;
  opened.first_sequence = next_.next_sequence;
  opened.opened = next_.opened;
}

void Arena::close_chunk(Filling& filling) {
  const std::uint32_t number = std::exchange(filling, {}).chunk;
  if (number == Filling::kNoChunk) return;
  chunks_[number].filling = false;
  if (chunks_[number].live == 0) free_chunk(number);
}

void Arena::free_chunk(std::uint32_t number) {
  ChunkUse& use = chunks_[number];
  for (Tenancy::Number at = use.stays; at != Tenancy::kNone; at = tenancy_.stay(at).next) {
    const Tenancy::Stay& stay = tenancy_.stay(at);
    ipc::BookTotals& book = books_->change(stay.book);
    book.delivered += stay.delivered;
    book.dead += stay.dead;
    book.spooled += stay.spooled;
  }
  next_.freed_opened = chunk(number).opened;
  tenancy_.end(use.stays);
  use = {};
  free_.push_back(number);
  // The books take the chunk's records over in the commit, which names the chunk; the table forgets it after
  // that.
  commit();
  chunk(number).opened = 0;
}

void Arena::free_segment(std::uint64_t number, std::span<const SegmentBook> books) {
  assert(number != 0 && number != next_.freed_segment);
  for (const SegmentBook& each : books) {
    ipc::BookTotals& book = books_->change(books_->open(each.topic));
    book.disk_delivered += each.delivered;
    book.disk_dead += each.dead;
    book.disk_foreign += each.foreign;
    sums_.disk_delivered += each.delivered;
    sums_.disk_dead += each.dead;
    sums_.disk_foreign += each.foreign;
  }
  next_.freed_segment = number;
  commit();
}

template <typename Visit>
void Arena::walk(std::uint32_t number, const ArenaCommit& commit, Visit visit) const {
  const std::uint64_t end_offset = chunk(number).end_offset;
  for (std::uint64_t offset = 0; offset < end_offset;
       offset += prefix_at(chunk_offset(number) + offset)->size) {
    const Ticket ticket = chunk_offset(number) + offset;
    if (prefix(ticket).sequence >= commit.next_sequence || !visit(ticket)) return;
  }
}

std::int64_t Arena::oldest_stamp_ns() const {
  std::vector<std::uint32_t> pinned;
  for (std::uint32_t number = 0; number < chunks_.size(); ++number) {
    if (chunks_[number].live != 0) pinned.push_back(number);
  }
  std::sort(pinned.begin(), pinned.end(), [this](std::uint32_t a, std::uint32_t b) {
    return chunk(a).first_sequence < chunk(b).first_sequence;
  });
  std::uint64_t oldest_sequence = next_.next_sequence;
  std::int64_t stamp_ns = 0;
  for (const std::uint32_t number : pinned) {
    if (chunk(number).first_sequence >= oldest_sequence) break;
    walk(number, next_, [&](Ticket ticket) {
      if (!waits(state_of(ticket))) return true;
      if (prefix(ticket).sequence >= oldest_sequence) return false;
      oldest_sequence = prefix(ticket).sequence;
      std::memcpy(&stamp_ns, at(ticket + sizeof(ArenaPrefix) + offsetof(ipc::RecordHeader, stamp_ns)),
                  sizeof stamp_ns);
      return false;
    });
  }
  return stamp_ns;
}

std::vector<TopicTotals> Arena::totals() const {
  std::vector<TopicTotals> topics = books_->topics();
  tenancy_.each([&](const Tenancy::Stay& stay) {
    TopicTotals& topic = topics[stay.book];
    topic.waiting += stay.live - stay.overdue;
    topic.delivered += stay.delivered;
    topic.dead += stay.dead + stay.overdue;
    topic.spooled += stay.spooled;
  });
  return topics;
}

Arena::Audit Arena::audit() const {
  const ArenaCommit& commit =
      header().commits[header().selector.load(std::memory_order_acquire) % 2];  // commit()
  Audit audit;
  audit.accepted = commit.next_sequence - header().first_sequence;
  audit.topics = books_->topics();
  for (std::uint32_t number = 0; number < header().chunk_count; ++number) {
    const std::uint64_t opened = chunk(number).opened;
    if (opened == 0 || opened > commit.opened || opened == commit.freed_opened) continue;
    walk(number, commit, [&](Ticket ticket) {
      TopicTotals& topic = audit.topics[prefix(ticket).book];
      ++(waits(state_of(ticket)) ? topic.waiting : count_of(topic, state_of(ticket)));
      return true;
    });
  }
  for (const TopicTotals& topic : audit.topics) audit += topic;
  return audit;
}

std::size_t Arena::used_bytes() const { return (chunks_.size() - free_.size()) * chunk_bytes_; }

}  // namespace ringpost::daemon
