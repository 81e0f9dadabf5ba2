// Marks of a log: kept in memory, written a segment at a time.
#include <cerrno>
#include <utility>

#include "daemon/store/log.hpp"
#include "daemon/store/segment_file.hpp"

namespace ringpost::daemon {

int Log::mark(Place place, std::uint8_t mark, std::uint32_t argument) {
  const auto at = segments_.find(place.segment);
  if (at == segments_.end()) return ENOENT;
  SegmentState& segment = at->second;
  if (place.offset < sizeof(SegmentHeader) || place.offset >= segment.bytes ||
      place.offset % kFrameAlignBytes != 0)
    return EINVAL;
  segment.unflushed.push_back(make_mark(place, mark, argument, segment.salt));
  ++unflushed_marks_;
  return 0;
}

int Log::flush_marks(bool sync) {
  sync = sync && options_.sync != Sync::kNever;
  if (unflushed_marks_ == 0 && !sync) return 0;
  int first_error = 0;
  for (auto& [number, segment] : segments_) {
    if (segment.unflushed.empty() && !(sync && segment.marks_unsynced)) continue;
    const int error = flush_marks_of(number, segment, sync);
    if (first_error == 0) first_error = error;
  }
  return first_error;
}

// After a failed fdatasync() the same bytes are written again, at the same place: that is a new try, whatever has become
// of the pages.
int Log::flush_marks_of(std::uint32_t number, SegmentState& segment, bool sync) {
  ipc::Descriptor file;
  if (const int error = open_marks(number, segment, file)) return error;
  const auto bytes = std::as_bytes(std::span(segment.unflushed));
  if (const int error = write_whole(files_, file.get(), bytes, *segment.marks_bytes)) return error;
  segment.marks_unsynced = true;
  if (sync) {
    if (const int error = files_.fdatasync(file.get())) return error;
    if (!segment.marks_named) {
      if (const int error = files_.sync_directory(options_.directory)) return error;
    }
    segment.marks_named = true;
    segment.marks_unsynced = false;
  }
  *segment.marks_bytes += bytes.size();
  total_bytes_ += bytes.size();
  unflushed_marks_ -= segment.unflushed.size();
  std::vector<MarkEntry>().swap(segment.unflushed);
  return 0;
}

int Log::open_marks(std::uint32_t number, SegmentState& segment, ipc::Descriptor& file) {
  const std::string name = path(number, "marks");
  int error = files_.open_write(name, file);
  if (error == ENOENT) error = files_.create(name, file);
  if (error != 0 || segment.marks_bytes) return error;
  std::uint64_t size_bytes = 0;
  error = files_.size(file.get(), size_bytes);
  if (error != 0) return error;
  segment.marks_bytes = (size_bytes + sizeof(MarkEntry) - 1) / sizeof(MarkEntry) * sizeof(MarkEntry);
  total_bytes_ += *segment.marks_bytes;
  return 0;
}

}  // namespace ringpost::daemon
