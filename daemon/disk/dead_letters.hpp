// One instance's dead letters: what Kafka did not get, with the reason, kept on disk for as long and as much as the
// configuration says. Single-threaded: the instance's thread. `ringpost dead-letters` reads the same files.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "daemon/disk/segment_books.hpp"
#include "daemon/store/log.hpp"
#include "daemon/store/stored_record.hpp"

namespace ringpost::daemon {

class DeadLetters {
 public:
  struct Options {
    Log::Options log;                      // its segment_bytes are chosen by size_max_bytes
    std::uint64_t size_max_bytes = 0;      // then the oldest go; 0: none do
    std::chrono::milliseconds age_max{0};  // 0: none is too old
  };
  // Reads all that is there. Null, with the reasons in `problems`, when the folder can't be used.
  static std::unique_ptr<DeadLetters> open(Files& files, const Options& options,
                                           std::vector<Problem>& problems);
  DeadLetters(const DeadLetters&) = delete;
  DeadLetters& operator=(const DeadLetters&) = delete;

  // For who recovers: whether this record has a letter that is not void, and so has ended.
  bool has(const std::array<std::uint8_t, 16>& arena_id, std::uint64_t sequence) const;
  // Whether the letter at `place` was replayed, and that try has a letter of its own.
  bool has_replay_of(std::uint64_t place) const { return replays_.contains(place); }
  void forget_ids() {  // after the last of these
    ids_ = {};
    replays_ = {};
  }

  // All or none; an errno.
  int write(std::span<const StoredLetter> letters, std::vector<Place>& places);
  // The record was acknowledged after all. On disk when it returns 0; kept to be written otherwise.
  int void_letter(Place place);
  int mark(Place place, std::uint8_t mark);  // kLetterReplayed, kLetterPurged
  std::uint8_t mark_of(Place place) const;   // the last; 0: none

  // It is tried again. From now on until it is marked as replayed its segment stays, whatever its size and age.
  void begin_replay(Place place);
  bool is_being_replayed(Place place) const { return replaying_.contains(pack(place)); }
  // Whose event it is: the two halves of the ringpost-id.
  struct Identity {
    std::array<std::uint8_t, 16> arena_id{};
    std::uint64_t sequence = 0;
  };
  std::optional<Identity> identity(Place place);  // nullopt: it can't be read (any more)

  // The payload of one; false: there is none (any more), or it can't be read.
  bool read(Place place, std::vector<std::byte>& buffer, StoredLetter& letter);

  // Now and then: writes marks, removes what is too old or too much.
  void tidy(std::int64_t realtime_ms);

  std::uint64_t kept() const;                         // on disk, neither voided, replayed nor purged
  std::uint64_t removed() const { return removed_; }  // by size or age, since the start
  std::vector<SegmentBooks> audit() const;            // oldest first
  Log& log() { return *log_; }
  const Log& log() const { return *log_; }

 private:
  class Reader;
  struct Segment {
    std::uint64_t letters = 0;
    std::uint64_t marked = 0;  // of these: voided, replayed or purged
  };

  explicit DeadLetters(const Options& options) : options_(options) {}
  bool is_held(std::uint32_t segment) const;
  bool is_too_old(std::span<const Log::Segment> from, std::int64_t realtime_ms) const;

  Options options_;
  std::unique_ptr<Log> log_;
  std::map<std::uint32_t, Segment> segments_;
  std::unordered_map<std::uint64_t, std::uint8_t> marked_;  // by packed place
  std::unordered_map<std::uint64_t, Identity> replaying_;   // by packed place; sequence 0: not looked up yet
  std::map<std::array<std::uint8_t, 16>, std::unordered_set<std::uint64_t>> ids_;
  std::unordered_set<std::uint64_t> replays_;  // packed places of letters whose replay has a letter
  std::uint64_t removed_ = 0;
  std::vector<std::byte> scratch_;
};

}  // namespace ringpost::daemon
