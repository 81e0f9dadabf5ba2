#include "daemon/disk/spool.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

constexpr Spool::Ticket kBlockBit = Spool::Ticket{1} << 62U;
constexpr Spool::Ticket kIndexMask = 0xFFFFFFFF;

std::uint32_t index_of(Spool::Ticket ticket) { return static_cast<std::uint32_t>(ticket & kIndexMask); }

// A slot of a table whose entries come and go.
template <typename Entry>
std::uint32_t take_slot(std::vector<Entry>& table, std::vector<std::uint32_t>& free, Entry entry) {
  if (free.empty()) {
    table.push_back(std::move(entry));
    return static_cast<std::uint32_t>(table.size() - 1);
  }
  const std::uint32_t slot = free.back();
  free.pop_back();
  table[slot] = std::move(entry);
  return slot;
}

}  // namespace

TopicOnDisk& TopicOnDisk::operator+=(const TopicOnDisk& other) {
  records += other.records;
  foreign += other.foreign;
  delivered += other.delivered;
  dead += other.dead;
  return *this;
}

std::uint64_t Spool::Segment::waiting() const {
  std::uint64_t waiting = 0;
  for (const auto& [topic, counts] : topics) waiting += counts.waiting();
  return waiting;
}

Spool::Block& Spool::block_at(Ticket ticket) {
  assert((ticket & kBlockBit) != 0);
  return blocks_[index_of(ticket)];
}
const Spool::Block& Spool::block_at(Ticket ticket) const {
  assert((ticket & kBlockBit) != 0);
  return blocks_[index_of(ticket)];
}
Spool::Record& Spool::record_at(Ticket ticket) {
  assert((ticket & kBlockBit) == 0);
  return records_[index_of(ticket)];
}
const Spool::Record& Spool::record_at(Ticket ticket) const {
  assert((ticket & kBlockBit) == 0);
  return records_[index_of(ticket)];
}

bool Spool::is_block(Ticket ticket) { return (ticket & kBlockBit) != 0; }

Spool::Ticket Spool::ticket_of_block(std::uint32_t index) { return kFromDisk | kBlockBit | index; }

Spool::Ticket Spool::add_block(const Block& block) {
  return ticket_of_block(take_slot(blocks_, free_blocks_, block));
}

void Spool::drop_block(Ticket block) {
  blocks_[index_of(block)] = {};
  free_blocks_.push_back(index_of(block));
}

Spool::Ticket Spool::add_record(const Record& record) {
  return kFromDisk | take_slot(records_, free_records_, record);
}

std::uint32_t Spool::add_load(std::unique_ptr<Load> load) {
  bytes_in_memory_ += load->bytes.capacity();
  return take_slot(loads_, free_loads_, std::move(load));
}

Spool::TopicNumber Spool::number_of(std::string_view topic) {
  if (const auto found = topic_numbers_.find(topic); found != topic_numbers_.end()) return found->second;
  const auto number = static_cast<TopicNumber>(topic_names_.size());
  topic_names_.emplace_back(topic);
  topic_numbers_.emplace(topic, number);
  return number;
}

bool Spool::append(Block& block, std::span<const StoredRecord> run) {
  scratch_.clear();
  std::vector<std::size_t> ends;
  ends.reserve(run.size());
  for (StoredRecord record : run) {
    record.flags = ends.empty() ? std::uint32_t{kRunBegins} : 0;
    if (ends.size() + 1 == run.size()) record.flags |= kRunEnds;
    encode(record, scratch_);
    ends.push_back(scratch_.size());
  }
  std::vector<std::span<const std::byte>> payloads;
  payloads.reserve(run.size());
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    payloads.push_back(std::span(scratch_).subspan(begin, end - begin));
    begin = end;
  }
  std::vector<Place> places;
  if (const int error = log_->append(payloads, places); error != 0) {
    errno = error;
    return false;
  }
  block.first = places.front();
  block.bytes = places.back().offset - places.front().offset +
                static_cast<std::uint32_t>(frame_bytes(payloads.back().size()));
  block.position = log_->appended();
  segments_[block.first.segment].unsettled += run.size();
  return true;
}

std::optional<Spool::Ticket> Spool::put(std::span<const StoredRecord> run) {
  assert(!run.empty());
  Block block;
  block.records = static_cast<std::uint32_t>(run.size());
  block.topic = number_of(run.front().view.topic);
  block.partition = run.front().partition;
  block.keyed = run.front().view.key.has_value();
  block.first_sequence = run.front().sequence;
  block.last_sequence = run.back().sequence;
  block.oldest_stamp_ns = run.front().stamp_ns;
  for (const StoredRecord& record : run) {
    block.foreign += record.arena_id == arena_id_ ? 0 : 1;
    block.oldest_stamp_ns = std::min(block.oldest_stamp_ns, record.stamp_ns);
    largest_sequence_ = std::max(largest_sequence_, record.sequence);
  }
  if (!append(block, run)) return std::nullopt;
  return add_block(block);
}

bool Spool::put_again(Ticket ticket, std::span<const StoredRecord> run) {
  Block& block = block_at(ticket);
  assert(!block.settled && block.records == run.size());
  const std::uint32_t before = block.first.segment;
  if (!append(block, run)) return false;
  segments_[before].unsettled -= run.size();
  segments_changed_ = true;
  return true;
}

void Spool::settle(Ticket ticket) {
  Block& block = block_at(ticket);
  assert(!block.settled);
  block.settled = true;
  segments_[block.first.segment].unsettled -= block.records;
  count(block.first.segment, block.topic, {block.records, block.foreign, 0, 0});
}

void Spool::withdraw(Ticket ticket) {
  const Block block = block_at(ticket);
  assert(!block.settled);
  // Whoever recovers finds these frames, and must not take them for the records' place.
  std::vector<std::byte> bytes;
  if (log_->read(block.first, block.bytes, bytes) == 0) {
    FrameReader frames = log_->frames(block.first, bytes);
    while (const auto frame = frames.next()) log_->mark(frame->place, kSpoolMoved);
    log_->flush_marks();
  }
  segments_[block.first.segment].unsettled -= block.records;
  segments_changed_ = true;
  drop_block(ticket);
}

bool Spool::bring_back(Ticket ticket, std::vector<Ticket>& records) {
  const Block block = block_at(ticket);
  assert(block.settled);
  auto load = std::make_unique<Load>();
  if (const int error = log_->read(block.first, block.bytes, load->bytes); error != 0) {
    errno = error;
    return false;
  }
  load->first = block.first;
  load->topic = block.topic;
  load->tried = block.tried;
  Segment& segment = segments_[block.first.segment];
  load->same_boot = segment.same_boot;
  Load& kept = *load;
  const std::uint32_t number = add_load(std::move(load));
  FrameReader frames = log_->frames(kept.first, kept.bytes);
  while (const auto frame = frames.next()) {
    StoredRecord record;
    if (!decode(frame->payload, record).empty()) continue;
    records.push_back(add_record({number, frame->place.offset - kept.first.offset,
                                  static_cast<std::uint32_t>(frame->payload.size()), 0, false}));
    ++kept.live;
  }
  segment.held += kept.live;
  log_->mark(block.first, kSpoolBroughtBack, block.records);
  count_damaged(block, block.records - kept.live);
  if (kept.live == 0) drop_load(number);
  drop_block(ticket);
  return true;
}

// What can't be read any more will not be delivered; it has no letter, for nobody knows what was in it.
void Spool::count_damaged(const Block& block, std::uint64_t records) {
  if (records == 0) return;
  damaged_ += records;
  count(block.first.segment, block.topic, {0, 0, 0, records});
  segments_changed_ = true;
}

void Spool::count(std::uint32_t segment, TopicNumber topic, const TopicOnDisk& more) {
  segments_[segment].topics[topic] += more;
  totals_ += more;
}

std::span<const std::byte> Spool::payload_of(const Record& record) const {
  const std::span<const std::byte> bytes(loads_[record.load]->bytes);
  return bytes.subspan(record.frame_offset + sizeof(FrameHeader), record.payload_bytes);
}

StoredRecord Spool::record(Ticket ticket) const {
  const Record& at = record_at(ticket);
  StoredRecord record;
  [[maybe_unused]] const std::string_view problem = decode(payload_of(at), record);
  assert(problem.empty());  // bring_back() has decoded it
  record.attempts += at.attempts;
  record.stamp_ns = stamp_by_this_boot(record, load_of(ticket).same_boot);
  return record;
}

Place Spool::place(Ticket ticket) const {
  const Load& load = load_of(ticket);
  return {load.first.segment, load.first.offset + record_at(ticket).frame_offset};
}

// Another boot's monotonic clock says nothing here: the wall clock has to do.
std::int64_t Spool::stamp_by_this_boot(const StoredRecord& record, bool same_boot) const {
  if (same_boot) return record.stamp_ns;
  return ipc::monotonic_ns() - (ipc::realtime_ns() - record.create_time_ms * 1'000'000);
}

void Spool::mark_overdue(Ticket ticket) {
  Record& record = record_at(ticket);
  assert(!record.overdue);
  record.overdue = true;
  log_->mark(place(ticket), kSpoolDead);
  count(load_of(ticket).first.segment, load_of(ticket).topic, {0, 0, 0, 1});
}

void Spool::end(Ticket ticket, std::uint8_t mark) {
  const Record record = record_at(ticket);
  Load& load = *loads_[record.load];
  const std::uint32_t segment = load.first.segment;
  if (!record.overdue || mark == kSpoolDelivered) log_->mark(place(ticket), mark);
  if (record.overdue && mark == kSpoolDelivered) {
    uncount_dead(segment, load.topic);
    count(segment, load.topic, {0, 0, 1, 0});
  } else if (!record.overdue) {
    if (mark == kSpoolMoved) {
      uncount_moved(segment, load.topic, this->record(ticket).arena_id != arena_id_);
    } else {
      count(segment, load.topic, {0, 0, mark == kSpoolDelivered ? 1U : 0U, mark == kSpoolDead ? 1U : 0U});
    }
  }
  --segments_[segment].held;
  segments_changed_ = true;
  free_records_.push_back(index_of(ticket));
  if (--load.live == 0) drop_load(record.load);
}

void Spool::drop_load(std::uint32_t number) {
  bytes_in_memory_ -= loads_[number]->bytes.capacity();
  loads_[number].reset();
  free_loads_.push_back(number);
}

void Spool::uncount_dead(std::uint32_t segment, TopicNumber topic) {
  --segments_[segment].topics[topic].dead;
  --totals_.dead;
}

void Spool::uncount_moved(std::uint32_t segment, TopicNumber topic, bool foreign) {
  for (TopicOnDisk* counts : {&segments_[segment].topics[topic], &totals_}) {
    --counts->records;
    counts->foreign -= foreign ? 1 : 0;
  }
}

void Spool::step(const Removed& removed) {
  if (log_->unflushed_marks() != 0)
    log_->flush_marks();  // what fails stays to be written: at worst a copy comes again
  if (!segments_changed_ || !finish_removing()) return;
  segments_changed_ = false;
  // The last one goes, too, when there is nothing left: an idle spool takes no room.
  if (totals_.waiting() == 0) log_->close_segment();
  std::vector<std::uint32_t> done;
  for (const auto& [number, segment] : segments_) {
    if (segment.waiting() == 0 && segment.unsettled == 0 && segment.held == 0 && log_->is_closed(number))
      done.push_back(number);
  }
  for (const std::uint32_t number : done) {
    if (!finish_removing()) return;
    remove_segment(number, removed);
  }
  finish_removing();
}

void Spool::remove_segment(std::uint32_t number, const Removed& removed) {
  const Segment segment = segments_.at(number);
  TopicsOnDisk topics;
  for (const auto& [topic, counts] : segment.topics) {
    topics[topic_names_[topic]] += counts;
    totals_.records -= counts.records;
    totals_.foreign -= counts.foreign;
    totals_.delivered -= counts.delivered;
    totals_.dead -= counts.dead;
  }
  segments_.erase(number);
  removed(number, topics);
  removing_ = number;
}

// One at a time: who comes after a crash knows of one that is counted as gone and still there.
bool Spool::finish_removing() {
  if (removing_ == 0) return true;
  const int error = log_->remove(removing_);
  if (error != 0 && error != ENOENT) {
    segments_changed_ = true;
    return false;
  }
  removing_ = 0;
  return true;
}

std::int64_t Spool::oldest_stamp_ns() const {
  std::int64_t oldest_ns = 0;
  for (const Block& block : blocks_) {
    if (block.records != 0 && (oldest_ns == 0 || block.oldest_stamp_ns < oldest_ns))
      oldest_ns = block.oldest_stamp_ns;
  }
  return oldest_ns;
}

// What is not settled lies in the files, too.
std::vector<SegmentBooks> Spool::audit() const {
  std::vector<SegmentBooks> books;
  for (const auto& [number, segment] : segments_) {
    SegmentBooks& book = books.emplace_back(SegmentBooks{number, segment.unsettled, 0, 0});
    for (const auto& [topic, counts] : segment.topics) {
      book.records += counts.records;
      book.delivered += counts.delivered;
      book.ended += counts.delivered + counts.dead;
    }
  }
  return books;
}

TopicsOnDisk Spool::topics() const {
  TopicsOnDisk topics;
  for (const auto& [number, segment] : segments_) {
    for (const auto& [topic, counts] : segment.topics) topics[topic_names_[topic]] += counts;
  }
  return topics;
}

}  // namespace ringpost::daemon
