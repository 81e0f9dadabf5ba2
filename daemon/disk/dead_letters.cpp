#include "daemon/disk/dead_letters.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace ringpost::daemon {
namespace {

// The oldest go a segment at a time: a sixteenth of what may be kept, then.
constexpr std::int64_t kSegmentsKept = 16;
constexpr std::uint64_t kSegmentMinBytes = 64u << 10;
constexpr std::uint64_t kSegmentMaxBytes = 64u << 20;

std::uint64_t letters_segment_bytes(std::uint64_t size_max_bytes) {
  return size_max_bytes == 0 ? kSegmentMaxBytes
                             : std::clamp(size_max_bytes / kSegmentsKept, kSegmentMinBytes, kSegmentMaxBytes);
}

}  // namespace

class DeadLetters::Reader final : public LogVisitor {
 public:
  explicit Reader(DeadLetters& letters) : letters_(letters) {}

  void segment(std::uint32_t number, const SegmentFacts& /*facts*/) override { letters_.segments_[number]; }
  void mark(Place place, std::uint8_t mark, std::uint32_t /*argument*/) override {
    if (letters_.marked_.insert_or_assign(pack(place), mark).second)
      ++letters_.segments_[place.segment].marked;
    if (mark == kLetterVoided) void_.insert(pack(place));
  }
  void frame(Place place, std::span<const std::byte> payload) override {
    ++letters_.segments_[place.segment].letters;
    StoredLetter letter;
    if (!decode(payload, letter).empty()) return;
    if (letter.record.replay_of != 0) letters_.replays_.insert(letter.record.replay_of);
    if (void_.contains(pack(place))) return;
    letters_.ids_[letter.record.arena_id].insert(letter.record.sequence);
  }

 private:
  DeadLetters& letters_;
  std::unordered_set<std::uint64_t> void_;
};

std::unique_ptr<DeadLetters> DeadLetters::open(Files& files, const Options& options,
                                               std::vector<Problem>& problems) {
  std::unique_ptr<DeadLetters> letters(new DeadLetters(options));
  Reader reader(*letters);
  Log::Options log = options.log;
  log.kind = Kind::kLetters;
  log.segment_bytes = letters_segment_bytes(options.size_max_bytes);
  letters->log_ = Log::open(files, log, reader, problems);
  if (!letters->log_) return nullptr;
  // The replay's letter was safe, and the crash came before its predecessor was marked.
  for (const std::uint64_t place : letters->replays_) {
    if (!letters->marked_.contains(place)) letters->mark(unpack(place), kLetterReplayed);
  }
  return letters;
}

bool DeadLetters::has(const std::array<std::uint8_t, 16>& arena_id, std::uint64_t sequence) const {
  const auto found = ids_.find(arena_id);
  return found != ids_.end() && found->second.contains(sequence);
}

int DeadLetters::write(std::span<const StoredLetter> letters, std::vector<Place>& places) {
  scratch_.clear();
  std::vector<std::size_t> ends;
  for (const StoredLetter& letter : letters) {
    encode(letter, scratch_);
    ends.push_back(scratch_.size());
  }
  std::vector<std::span<const std::byte>> payloads;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    payloads.push_back(std::span(scratch_).subspan(begin, end - begin));
    begin = end;
  }
  if (const int error = log_->append(payloads, places); error != 0) return error;
  for (const Place& place : places) ++segments_[place.segment].letters;
  return 0;
}

int DeadLetters::mark(Place place, std::uint8_t mark) {
  if (mark == kLetterReplayed) replaying_.erase(pack(place));
  if (const int error = log_->mark(place, mark); error != 0) return error;
  if (marked_.insert_or_assign(pack(place), mark).second) ++segments_[place.segment].marked;
  return 0;
}

std::uint8_t DeadLetters::mark_of(Place place) const {
  const auto found = marked_.find(pack(place));
  return found == marked_.end() ? 0 : found->second;
}

void DeadLetters::begin_replay(Place place) { replaying_.try_emplace(pack(place)); }

std::optional<DeadLetters::Identity> DeadLetters::identity(Place place) {
  const auto found = replaying_.find(pack(place));
  if (found != replaying_.end() && found->second.sequence != 0) return found->second;
  std::vector<std::byte> buffer;
  StoredLetter letter;
  if (!read(place, buffer, letter)) return std::nullopt;
  const Identity identity{letter.record.arena_id, letter.record.sequence};
  if (found != replaying_.end()) found->second = identity;
  return identity;
}

bool DeadLetters::is_held(std::uint32_t segment) const {
  return std::any_of(replaying_.begin(), replaying_.end(),
                     [segment](const auto& replay) { return unpack(replay.first).segment == segment; });
}

int DeadLetters::void_letter(Place place) {
  const int error = mark(place, kLetterVoided);
  return error != 0 ? error : log_->flush_marks(true);
}

bool DeadLetters::read(Place place, std::vector<std::byte>& buffer, StoredLetter& letter) {
  FrameHeader header{};
  if (log_->read(place, sizeof header, buffer) != 0 || buffer.size() < sizeof header) return false;
  std::copy_n(buffer.begin(), sizeof header, reinterpret_cast<std::byte*>(&header));
  if (header.payload_bytes == 0 || header.payload_bytes > kFramePayloadMaxBytes) return false;
  if (log_->read(place, frame_bytes(header.payload_bytes), buffer) != 0) return false;
  FrameReader frames = log_->frames(place, buffer);
  const auto frame = frames.next();
  return frame && frame->place == place && decode(frame->payload, letter).empty();
}

// What stands in a segment is older than the segment after it; the last one was closed before it was an age / 16 old.
bool DeadLetters::is_too_old(std::span<const Log::Segment> from, std::int64_t realtime_ms) const {
  const std::int64_t age_max_ms = options_.age_max.count();
  if (age_max_ms == 0) return false;
  const std::int64_t youngest_ms =
      from.size() > 1 ? from[1].created_ms : from[0].created_ms + age_max_ms / kSegmentsKept;
  return youngest_ms + age_max_ms < realtime_ms;
}

void DeadLetters::tidy(std::int64_t realtime_ms) {
  if (log_->unflushed_marks() != 0) log_->flush_marks();
  const std::vector<Log::Segment> segments = log_->segments();
  if (segments.empty()) return;
  const bool newest_ages =
      options_.age_max.count() != 0 &&
      segments.back().created_ms + options_.age_max.count() / kSegmentsKept < realtime_ms;
  if (newest_ages && !log_->is_closed(segments.back().number)) log_->close_segment();
  for (std::size_t index = 0; index < segments.size(); ++index) {
    const bool too_much = options_.size_max_bytes != 0 && log_->total_bytes() > options_.size_max_bytes;
    if (!too_much && !is_too_old(std::span(segments).subspan(index), realtime_ms)) return;
    const std::uint32_t number = segments[index].number;
    if (!log_->is_closed(number) || is_held(number) || log_->remove(number) != 0) return;
    const Segment gone = segments_[number];
    removed_ += gone.letters - gone.marked;
    segments_.erase(number);
    std::erase_if(marked_, [number](const auto& mark) { return unpack(mark.first).segment == number; });
  }
}

std::vector<SegmentBooks> DeadLetters::audit() const {
  std::vector<SegmentBooks> books;
  for (const auto& [number, segment] : segments_)
    books.push_back({number, segment.letters, 0, segment.marked});
  return books;
}

std::uint64_t DeadLetters::kept() const {
  std::uint64_t kept = 0;
  for (const auto& [number, segment] : segments_) kept += segment.letters - segment.marked;
  return kept;
}

}  // namespace ringpost::daemon
