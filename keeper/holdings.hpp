// The table of what is held: descriptors under names. All of its memory is there from the start.
//
//                       keep                    drop, or a new descriptor for the name
//     free ──────────────────────────▶ held ────────────────────────────▶ dropped ──▶ free
//                                       └─ no store, or not told yet ───────────────────▲
//
// Where systemd has a store, each change also goes into a queue, in its order: SystemdStore tells it from there. A
// dropped entry keeps its place until that was said; a name that is kept again meanwhile gets another place. So
// the store never holds more than was held here at some instant.
#pragma once

#include <cstdint>
#include <string_view>

#include "keeper/keeper_frames.hpp"

namespace ringpost::keeper {

inline constexpr std::uint32_t kHoldingsMax = 16'384;
inline constexpr std::uint32_t kHoldingsOwn = 2;  // the keeper's state, and its holder's pidfd

struct Holding {
  enum class State : std::uint8_t { kFree, kHeld, kDropped };

  char name[kNameMaxBytes + 1];
  int descriptor;
  State state;
  bool is_own;     // the keeper's, not a daemon's
  bool is_stored;  // systemd has it
  bool is_queued;  // the store is to be told
  bool is_offered;
  std::uint32_t next;         // of its bucket, or of the free places
  std::uint32_t next_queued;  // of those that the store is to be told
};

class Holdings {
 public:
  // `limit`: how many of a daemon's. Call it once, before anything else.
  void open(std::uint32_t limit, bool has_store);

  // Each takes the descriptor over and closes it where it does not stay.
  bool keep(std::string_view name, int descriptor);      // false: full, and nothing has changed
  bool keep_own(std::string_view name, int descriptor);  // the same, for a reserved name
  bool restore(std::string_view name,
               int descriptor);      // it comes from the store; false: no room, or a second one
  bool drop(std::string_view name);  // false: there is none

  // After a begin_offer() those that are not kept again are dropped by drop_unoffered(), which says how many.
  void begin_offer();
  std::uint32_t drop_unoffered();

  std::uint32_t count() const { return held_; }  // of a daemon's
  std::uint32_t limit() const { return limit_; }
  int descriptor_of(std::string_view name) const;  // -1: none

  // The daemon's first entry at `place` or behind it, and moves `place` behind it; null: there is none.
  const Holding* next(std::uint32_t& place) const;
  static constexpr std::uint32_t kPlaces = kHoldingsMax + 1024;

  // Whether a change may have to wait for a place until the store has been told of others.
  bool is_short_of_places() const { return free_ == kNone && first_queued_ != kNone; }

  // The store's side. A change is known by its number, from 1.
  std::uint64_t changes() const { return changes_; }
  const Holding* first_untold() const;
  void told();  // the first untold change
  std::uint64_t changes_told() const { return told_; }
  void forget_store();  // there is none any more

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::uint32_t kBuckets = 16'384;  // a power of two

  static std::uint32_t bucket_of(std::string_view name);
  std::uint32_t find(std::string_view name) const;
  bool set(std::string_view name, int descriptor, bool is_own);
  std::uint32_t add(std::string_view name, int descriptor, bool is_own);
  void remove(std::uint32_t place);
  void queue(std::uint32_t place);
  void release(std::uint32_t place);

  Holding places_[kPlaces];
  std::uint32_t buckets_[kBuckets];
  std::uint32_t free_ = kNone;
  std::uint32_t held_ = 0;
  std::uint32_t limit_ = 0;
  bool has_store_ = false;
  std::uint32_t first_queued_ = kNone;
  std::uint32_t last_queued_ = kNone;
  std::uint64_t changes_ = 0;
  std::uint64_t told_ = 0;
};

}  // namespace ringpost::keeper
