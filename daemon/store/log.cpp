#include "daemon/store/log.hpp"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "daemon/store/segment_file.hpp"
#include "daemon/store/sync_thread.hpp"
#include "ipc/clock.hpp"

namespace ringpost::daemon {
namespace {

constexpr std::size_t kBatchKeptBytes = 1u << 20;
constexpr std::int64_t kNsPerCreatedMs = 1'000'000;
constexpr std::uint64_t kHeaderBytes = sizeof(SegmentHeader);

std::uint32_t random_salt() {
  std::uint32_t salt = 0;
  while (salt == 0) {
    if (::getrandom(&salt, sizeof salt, 0) != sizeof salt) salt = 0;  // interrupted
  }
  return salt;
}

}  // namespace

Log::Log(Files& files, Options options)
    : files_(files), options_(std::move(options)), last_number_(options_.used_number) {}

Log::~Log() = default;

std::string Log::path(std::uint32_t segment, const char* extension) const {
  return options_.directory + "/" + segment_name(options_.kind, segment, extension);
}

int Log::append(std::span<const std::span<const std::byte>> payloads, std::vector<Place>& places) {
  places.clear();
  std::uint64_t bytes = 0;
  for (const auto payload : payloads) {
    if (payload.empty() || payload.size() > kFramePayloadMaxBytes) return EINVAL;
    bytes += frame_bytes(payload.size());
  }
  if (bytes > kSegmentMaxBytes - kHeaderBytes) return EINVAL;
  cut_what_is_due();
  for (bool again = bytes != 0; again;) {
    again = false;
    if (const int error = prepare_segment(bytes)) return error;
    const std::uint64_t before = segments_[current_].bytes;
    if (const int error = write_batch(payloads, places)) {
      take_back(current_, before);
      places.clear();
      return error;
    }
    const bool is_new = before == 0;
    const int error = secure_batch(is_new, bytes, again);
    if (error == 0 && !again) break;
    // Not on disk, or its segment has failed meanwhile: nothing of this counts, and nothing may follow it.
    const std::uint32_t failed = current_;
    close_segment();
    take_back(failed, before);
    if (error != 0) {
      places.clear();
      return error;
    }
  }
  appended_ += bytes;
  return 0;
}

// Makes the current segment one that these bytes may be appended to.
int Log::prepare_segment(std::uint64_t bytes) {
  if (current_ != 0) {
    const std::uint64_t size_bytes = segments_[current_].bytes + bytes;
    const bool fits = size_bytes <= std::min<std::uint64_t>(options_.segment_bytes, kSegmentMaxBytes);
    if (!fits || (sync_thread_ && sync_thread_->has_failed(current_))) close_segment();
  }
  const std::uint64_t needed_bytes = bytes + (current_ == 0 ? kHeaderBytes : 0);
  full_ = options_.limit_bytes != 0 && total_bytes_ + needed_bytes > options_.limit_bytes;
  if (full_) return ENOSPC;
  if (options_.sync == Sync::kInterval && !sync_thread_) {
    try {
      sync_thread_ = std::make_unique<SyncThread>(files_, options_.directory, options_.sync_interval,
                                                  options_.on_synced);
    } catch (const std::system_error& error) {
      return error.code().value();
    }
  }
  return current_ == 0 ? begin_segment() : 0;
}

// Its header is written with the first frames.
int Log::begin_segment() {
  for (;;) {
    if (last_number_ >= kSegmentNumberMax) return EOVERFLOW;
    ipc::Descriptor file;
    const int error = files_.create(path(last_number_ + 1, "log"), file);
    if (error != 0 && error != EEXIST) return error;
    ++last_number_;
    if (error == EEXIST) continue;  // whose ever it is
    current_ = last_number_;
    current_file_ = std::make_shared<ipc::Descriptor>(std::move(file));
    SegmentState& segment = segments_[current_];
    segment.salt = random_salt();
    segment.created_ms = ipc::realtime_ns() / kNsPerCreatedMs;
    return 0;
  }
}

int Log::write_batch(std::span<const std::span<const std::byte>> payloads, std::vector<Place>& places) {
  SegmentState& segment = segments_[current_];
  batch_.clear();
  if (segment.bytes == 0) {
    const SegmentHeader header =
        make_segment_header(options_.kind, current_, segment.salt, segment.created_ms);
    const auto bytes = std::as_bytes(std::span(&header, 1));
    batch_.insert(batch_.end(), bytes.begin(), bytes.end());
  }
  places.clear();
  for (const auto payload : payloads) {
    const std::uint64_t offset = segment.bytes + batch_.size();
    places.push_back({current_, static_cast<std::uint32_t>(offset)});
    add_frame(payload, offset, segment.salt, batch_);
  }
  const int error = write_whole(files_, current_file_->get(), batch_, segment.bytes);
  if (error == 0) {
    segment.bytes += batch_.size();
    total_bytes_ += batch_.size();
  }
  if (batch_.capacity() > kBatchKeptBytes) std::vector<std::byte>().swap(batch_);
  return error;
}

// `again`: it has to be written once more, to another segment.
int Log::secure_batch(bool is_new, std::uint64_t bytes, bool& again) {
  if (options_.sync == Sync::kAlways) {
    const int error = files_.fdatasync(current_file_->get());
    if (error != 0 || !is_new) return error;
    return files_.sync_directory(options_.directory);
  }
  if (options_.sync == Sync::kInterval)
    again = !sync_thread_->add(current_, current_file_, is_new, appended_, appended_ + bytes);
  return 0;
}

// The segment has `bytes` again. Without any frame it ceases to be.
void Log::take_back(std::uint32_t number, std::uint64_t bytes) {
  SegmentState& segment = segments_[number];
  total_bytes_ -= segment.bytes - bytes;
  segment.bytes = bytes;
  segment.cut_due = true;
  cuts_due_ = true;
  cut_what_is_due();
  // Where the end could not be cut off, nothing may be written behind it.
  const auto left = segments_.find(number);
  if (number == current_ && (left == segments_.end() || left->second.cut_due)) close_segment();
}

void Log::cut_what_is_due() {
  if (!std::exchange(cuts_due_, false)) return;
  for (auto at = segments_.begin(); at != segments_.end();) {
    const auto here = at++;  // forget() leaves the others valid
    if (!here->second.cut_due) continue;
    if (cut(here->first, here->second)) continue;
    cuts_due_ = true;
  }
}

// False: it has to be tried again. A segment without any frame is removed, and is no more afterwards.
bool Log::cut(std::uint32_t number, SegmentState& segment) {
  const std::string name = path(number, "log");
  ipc::Descriptor file;
  const bool is_cut = files_.open_write(name, file) == 0 && files_.truncate(file.get(), segment.bytes) == 0;
  if (segment.bytes > kHeaderBytes) {
    segment.cut_due = !is_cut;
    return is_cut;
  }
  const int error = files_.remove(name);
  if (error != 0 && error != ENOENT) return false;
  files_.remove(path(number, "marks"));  // of what was withdrawn before it was lost
  if (number == current_) close_segment();
  forget(number);
  return true;
}

void Log::forget(std::uint32_t number) {
  const auto at = segments_.find(number);
  total_bytes_ -= at->second.bytes + at->second.marks_bytes.value_or(0);
  unflushed_marks_ -= at->second.unflushed.size();
  segments_.erase(at);
  if (reading_ != number) return;
  reading_ = 0;
  reading_file_.reset();
}

void Log::close_segment() {
  current_ = 0;
  current_file_.reset();
}

std::uint64_t Log::synced() const { return sync_thread_ ? sync_thread_->synced() : appended_; }

std::optional<Log::Lost> Log::take_lost() {
  if (!sync_thread_) return std::nullopt;
  const auto lost = sync_thread_->take_lost();
  if (!lost) return std::nullopt;
  if (lost->segment == current_) close_segment();
  // What was lost are the last bytes that count in it.
  const std::uint64_t bytes = segments_[lost->segment].bytes - (lost->to - lost->from);
  take_back(lost->segment, bytes);
  return Lost{lost->segment, lost->from, lost->to, lost->error};
}

void Log::sync_now() {
  if (sync_thread_) sync_thread_->sync_now();
}

int Log::file_to_read(std::uint32_t segment, int& file) {
  if (segment == current_) {
    file = current_file_->get();
    return 0;
  }
  if (segment != reading_) {
    ipc::Descriptor opened;
    if (const int error = files_.open_read(path(segment, "log"), opened)) return error;
    reading_file_ = std::move(opened);
    reading_ = segment;
  }
  file = reading_file_.get();
  return 0;
}

int Log::read(Place first, std::size_t bytes, std::vector<std::byte>& out) {
  const auto segment = segments_.find(first.segment);
  if (segment == segments_.end()) return ENOENT;
  const std::uint64_t end = segment->second.bytes;
  if (first.offset < kHeaderBytes || first.offset > end || bytes > end - first.offset) return EINVAL;
  int file = -1;
  if (const int error = file_to_read(first.segment, file)) return error;
  out.resize(bytes);
  std::size_t got = 0;
  const int error = read_whole(files_, file, out, first.offset, got);
  if (error == 0 && got == bytes) return 0;
  out.clear();
  return error != 0 ? error : EIO;  // shorter than it was
}

FrameReader Log::frames(Place first, std::span<const std::byte> bytes) const {
  const auto segment = segments_.find(first.segment);
  return {first, segment == segments_.end() ? 0 : segment->second.salt, bytes};
}

int Log::remove(std::uint32_t segment) {
  const auto at = segments_.find(segment);
  if (at == segments_.end()) return ENOENT;
  if (segment == current_ || (sync_thread_ && sync_thread_->is_pending(segment))) return EBUSY;
  const int error = files_.remove(path(segment, "log"));
  if (error != 0 && error != ENOENT) return error;
  // Marks without a segment are removed by the next open().
  files_.remove(path(segment, "marks"));
  forget(segment);
  full_ = false;
  return 0;
}

std::vector<Log::Segment> Log::segments() const {
  std::vector<Segment> all;
  all.reserve(segments_.size());
  for (const auto& [number, segment] : segments_)
    all.push_back({number, segment.bytes + segment.marks_bytes.value_or(0), segment.created_ms});
  return all;
}

}  // namespace ringpost::daemon
