// What a daemon before this one has left on disk: which records still wait there, as blocks; which have ended; and which copy
// of a record that was being moved counts.
#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "daemon/disk/spool.hpp"
#include "daemon/store/boot_id.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

// A block of what was found: as large as the runs that are put on disk.
constexpr std::uint32_t kBlockMaxBytes = 256u << 10;
constexpr std::uint32_t kBlockMaxRecords = 4096;

}  // namespace

class Spool::Reader final : public LogVisitor {
 public:
  Reader(Spool& spool, const Recovery& recovery) : spool_(spool), recovery_(recovery) {}

  void segment(std::uint32_t number, const SegmentFacts& facts) override;
  void mark(Place place, std::uint8_t mark, std::uint32_t argument) override {
    (mark == kSpoolBroughtBack ? brought_back_[pack(place)] : marks_[pack(place)]) =
        mark == kSpoolBroughtBack ? argument : mark;  // the last one counts
  }
  void frame(Place place, std::span<const std::byte> payload) override;
  void finish();

 private:
  // A record of a run that was being moved when the daemon died.
  struct Copy {
    Place copy;
    Place original;
  };

  std::uint32_t mark_of(Place place) const {
    const auto found = marks_.find(pack(place));
    return found == marks_.end() ? 0 : found->second;
  }
  std::uint32_t state_of(Place place, const StoredRecord& record);
  void add(Place place, std::size_t payload_bytes, const StoredRecord& record);
  void close_block();
  void end_copies(bool whole);
  void rebuild(std::uint32_t block);

  Spool& spool_;
  const Recovery& recovery_;
  const std::array<std::uint8_t, 16> boot_id_ = boot_id();
  bool counted_already_ = false;
  std::unordered_map<std::uint64_t, std::uint32_t> marks_;         // by packed place
  std::unordered_map<std::uint64_t, std::uint32_t> brought_back_;  // how many frames from there on
  std::vector<std::pair<Place, std::uint8_t>> new_marks_;          // to be written when the log is open
  std::vector<Copy> copies_;                                       // of the run that is being read
  std::set<Place> superseded_;                                     // another place has the record
  std::uint32_t tried_left_ = 0;
  bool tried_ = false;
  Block open_;
};

void Spool::Reader::segment(std::uint32_t number, const SegmentFacts& facts) {
  close_block();
  end_copies(false);
  counted_already_ = number == recovery_.freed_segment;
  if (!counted_already_) spool_.segments_[number].same_boot = facts.boot_id == boot_id_;
  tried_left_ = 0;
}

void Spool::Reader::frame(Place place, std::span<const std::byte> payload) {
  if (counted_already_) return;
  if (const auto found = brought_back_.find(pack(place)); found != brought_back_.end())
    tried_left_ = found->second;
  tried_ = tried_left_ != 0;
  tried_left_ -= tried_ ? 1 : 0;

  StoredRecord record;
  if (!decode(payload, record).empty()) return close_block();
  // What two runs had between them in their queue, nobody knows: they stay two, though they lie side by side.
  if ((record.flags & kRunBegins) != 0) {
    close_block();
    end_copies(false);
  }
  spool_.largest_sequence_ = std::max(spool_.largest_sequence_, record.sequence);
  const std::uint32_t state = state_of(place, record);
  if (state != kSpoolMoved) {
    const bool foreign = record.arena_id != spool_.arena_id_;
    if (!foreign) recovery_.found(record.sequence);
    spool_.count(place.segment, spool_.number_of(record.view.topic),
                 {1, foreign ? 1U : 0U, state == kSpoolDelivered ? 1U : 0U, state == kSpoolDead ? 1U : 0U});
  }
  if (state == 0 && recovery_.waits) recovery_.waits(record);
  state == 0 ? add(place, payload.size(), record) : close_block();
  if ((record.flags & kRunEnds) != 0) end_copies(true);
}

// As it is marked, or has to be marked now; 0: it waits.
std::uint32_t Spool::Reader::state_of(Place place, const StoredRecord& record) {
  if (const std::uint32_t mark = mark_of(place); mark != 0) return mark;
  std::uint32_t state = recovery_.has_letter(record) ? kSpoolDead : 0;
  if (state == 0 && recovery_.was_delivered && recovery_.was_delivered(record)) state = kSpoolDelivered;
  const Place original = unpack(record.moved_from);
  if (original.segment != 0 && spool_.segments_.contains(original.segment)) {
    const std::uint32_t mark = mark_of(original);
    if (mark == 0 && state == 0) copies_.push_back({place, original});
    if (mark != kSpoolMoved && (mark != 0 || state != 0))
      state = kSpoolMoved;  // the original has ended there
  }
  if (state != 0) new_marks_.emplace_back(place, static_cast<std::uint8_t>(state));
  return state;
}

// Of one source, the records of one partition are moved together or not at all: else what was moved and what was not would
// overtake each other. So a whole run of copies counts, and its originals do not; of a run that is not whole the originals do.
void Spool::Reader::end_copies(bool whole) {
  for (const Copy& each : copies_) superseded_.insert(whole ? each.original : each.copy);
  copies_.clear();
}

void Spool::Reader::add(Place place, std::size_t payload_bytes, const StoredRecord& record) {
  const TopicNumber topic = spool_.number_of(record.view.topic);
  const auto bytes = static_cast<std::uint32_t>(frame_bytes(payload_bytes));
  const bool continues = open_.records != 0 && open_.first.segment == place.segment &&
                         open_.first.offset + open_.bytes == place.offset && open_.topic == topic &&
                         open_.partition == record.partition && open_.keyed == record.view.key.has_value() &&
                         open_.tried == tried_ && record.sequence > open_.last_sequence &&
                         open_.bytes + bytes <= kBlockMaxBytes && open_.records < kBlockMaxRecords;
  const std::int64_t stamp_ns = spool_.stamp_by_this_boot(record, spool_.segments_[place.segment].same_boot);
  if (!continues) {
    close_block();
    open_.first = place;
    open_.topic = topic;
    open_.partition = record.partition;
    open_.keyed = record.view.key.has_value();
    open_.tried = tried_;
    open_.settled = true;
    open_.first_sequence = record.sequence;
    open_.oldest_stamp_ns = stamp_ns;
  }
  open_.bytes += bytes;
  ++open_.records;
  open_.last_sequence = record.sequence;
  open_.oldest_stamp_ns = std::min(open_.oldest_stamp_ns, stamp_ns);
}

void Spool::Reader::close_block() {
  if (open_.records != 0) spool_.add_block(open_);
  open_ = {};
}

void Spool::Reader::finish() {
  close_block();
  end_copies(false);
  const auto read = static_cast<std::uint32_t>(spool_.blocks_.size());
  for (std::uint32_t block = 0; block < read && !superseded_.empty(); ++block) {
    const Block& each = spool_.blocks_[block];
    const auto first = superseded_.lower_bound(each.first);
    if (first != superseded_.end() && first->segment == each.first.segment &&
        first->offset < each.first.offset + each.bytes)
      rebuild(block);
  }
  for (const auto& [place, mark] : new_marks_) spool_.log_->mark(place, mark);
}

// The block without what another place has.
void Spool::Reader::rebuild(std::uint32_t number) {
  const Block block = spool_.blocks_[number];
  std::vector<std::byte> bytes;
  if (spool_.log_->read(block.first, block.bytes, bytes) != 0)
    return;  // it came a moment ago: at worst a copy comes again
  spool_.drop_block(ticket_of_block(number));
  tried_ = block.tried;
  FrameReader frames = spool_.log_->frames(block.first, bytes);
  while (const auto frame = frames.next()) {
    StoredRecord record;
    if (!decode(frame->payload, record).empty()) continue;
    if (superseded_.contains(frame->place)) {
      close_block();
      new_marks_.emplace_back(frame->place, kSpoolMoved);
      spool_.uncount_moved(frame->place.segment, block.topic, record.arena_id != spool_.arena_id_);
    } else {
      add(frame->place, frame->payload.size(), record);
    }
  }
  close_block();
}

std::unique_ptr<Spool> Spool::open(Files& files, const Options& options, const Recovery& recovery,
                                   std::vector<Problem>& problems) {
  std::unique_ptr<Spool> spool(new Spool(options.arena_id));
  Reader reader(*spool, recovery);
  Log::Options log = options.log;
  log.kind = Kind::kSpool;
  log.used_number = std::max(log.used_number, recovery.freed_segment);
  spool->log_ = Log::open(files, log, reader, problems);
  if (!spool->log_) return nullptr;
  reader.finish();
  spool->removing_ = recovery.freed_segment;
  spool->segments_changed_ = true;
  return spool;
}

std::vector<Spool::Left> Spool::left() const {
  std::vector<Left> left;
  for (std::size_t index = 0; index < blocks_.size(); ++index) {
    const Block& block = blocks_[index];
    if (block.records == 0) continue;  // a slot that is free
    left.push_back({ticket_of_block(static_cast<std::uint32_t>(index)), topic_names_[block.topic],
                    block.keyed, block.records, block.first_sequence, block.oldest_stamp_ns});
  }
  return left;
}

}  // namespace ringpost::daemon
