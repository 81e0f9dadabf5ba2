// A log: payloads appended to files of a bounded size, and marks on them. What is written never moves: a Place stays
// valid until its segment is removed. One thread uses it, the owner; with Sync::kInterval a thread of its own calls
// fdatasync().
//
// Trouble of the disk is an errno, and never the end: after each failure the log can be used as before, and what failed
// did not happen.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/store/files.hpp"
#include "daemon/store/frames.hpp"
#include "daemon/store/log_visitor.hpp"
#include "daemon/store/segment_layout.hpp"

namespace ringpost::daemon {

class SyncThread;

class Log {
 public:
  using Visitor = LogVisitor;
  enum class Sync : std::uint8_t { kAlways, kInterval, kNever };

  struct Options {
    std::string directory;  // is there
    Kind kind = Kind::kSpool;
    std::uint64_t segment_bytes =
        64u << 20;                  // a segment ends before it would be larger, but has one append at least
    std::uint64_t limit_bytes = 0;  // of all its files; 0: none
    Sync sync = Sync::kInterval;
    std::chrono::milliseconds sync_interval{1000};
    std::function<void()>
        on_synced{};  // kInterval: synced() has risen or there is something lost; from the thread
    std::uint32_t used_number = 0;  // segments get larger numbers than this, whatever is left on disk
  };

  // Tells the visitor what is there. Nothing is appended to a segment that was there before.
  //   - A write that a crash has cut short, at the end of the newest segment, is cut off.
  //   - Damaged bytes stay where they are, and are passed over up to the next whole frame.
  //   - Both are copied into a file of their own beside the segment (once; nobody deletes it).
  //   - What is of a newer version, of another kind or can't be read is left alone; its number counts as used.
  // nullptr when the directory can't be read: the last problem says why.
  static std::unique_ptr<Log> open(Files& files, Options options, Visitor& visitor,
                                   std::vector<Problem>& problems);
  ~Log();  // writes nothing
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Appends all of them, in one write and one segment, or none. ENOSPC also when limit_bytes would be passed: full().
  // EINVAL for payloads that are empty or too large.
  int append(std::span<const std::span<const std::byte>> payloads, std::vector<Place>& places);
  bool full() const {
    return full_;
  }  // the last append() was refused because of limit_bytes, and nothing removed since

  // Positions count the bytes of the frames appended.
  std::uint64_t appended() const { return appended_; }
  // All up to here is on disk, but for what take_lost() has given. kAlways, kNever: appended().
  std::uint64_t synced() const;
  // kInterval: what was appended from `from` (not itself) to `to` has been lost because fdatasync() failed. The places
  // are no more; it has to be appended again. synced() stays below until it is taken. Ask until there is none.
  struct Lost {
    std::uint32_t segment;
    std::uint64_t from;
    std::uint64_t to;
    int error;
  };
  std::optional<Lost> take_lost();
  // kInterval: waits until all that was appended is on disk or lost. For a stop.
  void sync_now();

  // So many bytes of frames, as they lie there; frames() takes them apart.
  int read(Place first, std::size_t bytes, std::vector<std::byte>& out);
  FrameReader frames(Place first, std::span<const std::byte> bytes) const;

  // Kept in memory until flush_marks(). ENOENT: no such segment. EINVAL: no frame can be there.
  int mark(Place place, std::uint8_t mark, std::uint32_t argument = 0);
  // One write a segment; with fdatasync() when `sync`, unless the log is Sync::kNever. What failed stays to be written.
  int flush_marks(bool sync = false);
  std::size_t unflushed_marks() const { return unflushed_marks_; }

  // A closed segment with its marks. Not before its marks have become void: what is not flushed is forgotten. EBUSY:
  // not closed, or not synced yet.
  int remove(std::uint32_t segment);
  void close_segment();  // the next append() begins a new one
  bool is_closed(std::uint32_t segment) const { return segment != current_; }

  struct Segment {
    std::uint32_t number;
    std::uint64_t bytes;  // with its marks
    std::int64_t created_ms;
  };
  std::vector<Segment> segments() const;  // oldest first
  std::uint64_t total_bytes() const { return total_bytes_; }

 private:
  struct SegmentState {
    std::uint32_t salt = 0;
    std::int64_t created_ms = 0;
    std::uint64_t bytes = 0;  // what counts; the file may have more where cut_due
    bool cut_due = false;     // what lies behind `bytes` could not be cut off yet
    // Up to where the marks' file has been written. nullopt: not known, the file has to be asked.
    std::optional<std::uint64_t> marks_bytes = 0;
    bool marks_unsynced = false;
    bool marks_named = false;  // the marks' directory entry is on disk
    std::vector<MarkEntry> unflushed;
  };
  class Opening;

  Log(Files& files, Options options);

  std::string path(std::uint32_t segment, const char* extension) const;
  int prepare_segment(std::uint64_t bytes);
  int begin_segment();
  int write_batch(std::span<const std::span<const std::byte>> payloads, std::vector<Place>& places);
  int secure_batch(bool is_new, std::uint64_t bytes, bool& again);
  void take_back(std::uint32_t number, std::uint64_t bytes);
  void cut_what_is_due();
  bool cut(std::uint32_t number, SegmentState& segment);
  void forget(std::uint32_t number);
  int flush_marks_of(std::uint32_t number, SegmentState& segment, bool sync);
  int open_marks(std::uint32_t number, SegmentState& segment, ipc::Descriptor& file);
  int file_to_read(std::uint32_t segment, int& file);

  Files& files_;
  const Options options_;
  std::map<std::uint32_t, SegmentState> segments_;
  std::uint32_t last_number_ = 0;                  // the largest that is or was in use
  std::uint32_t current_ = 0;                      // is being written; 0: none
  std::shared_ptr<ipc::Descriptor> current_file_;  // the sync thread may hold it longer
  std::uint32_t reading_ = 0;                      // the segment that reading_file_ is
  ipc::Descriptor reading_file_;
  std::vector<std::byte> batch_;
  std::uint64_t appended_ = 0;
  std::uint64_t total_bytes_ = 0;
  std::size_t unflushed_marks_ = 0;
  bool full_ = false;
  bool cuts_due_ = false;
  std::unique_ptr<SyncThread> sync_thread_;  // kInterval, from the first append() on
};

// For who only looks, while a daemon may write: nothing is changed, a write that is not whole yet ends it. Without a
// lock: a segment that is removed meanwhile is not told. False when the directory can't be read.
bool read_log(Files& files, const std::string& directory, Kind kind, LogVisitor& visitor,
              std::vector<Problem>& problems);

}  // namespace ringpost::daemon
