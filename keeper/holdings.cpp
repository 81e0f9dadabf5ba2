#include "keeper/holdings.hpp"

#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ringpost::keeper {
namespace {

// Two numbers for one open file. Where that can't be told, they count as two files: then the new one is kept.
bool is_same_file(int one, int other) {
  const auto self = ::getpid();
  return ::syscall(SYS_kcmp, self, self, KCMP_FILE, one, other) == 0;
}

}  // namespace

void Holdings::open(std::uint32_t limit, bool has_store) {
  limit_ = limit;
  has_store_ = has_store;
  // Every page is touched here: none can be missing later.
  for (std::uint32_t& bucket : buckets_) bucket = kNone;
  for (std::uint32_t place = kPlaces; place-- > 0;) {
    places_[place] = {};
    release(place);
  }
}

void Holdings::release(std::uint32_t place) {
  places_[place].state = Holding::State::kFree;
  places_[place].descriptor = -1;
  places_[place].next = free_;
  free_ = place;
}

std::uint32_t Holdings::bucket_of(std::string_view name) {
  std::uint32_t hash = 2'166'136'261;  // FNV-1a; the names come from our own user
  for (const char letter : name) hash = (hash ^ static_cast<unsigned char>(letter)) * 16'777'619;
  return (hash ^ (hash >> 15)) % kBuckets;
}

std::uint32_t Holdings::find(std::string_view name) const {
  std::uint32_t place = buckets_[bucket_of(name)];
  while (place != kNone && text_of(places_[place].name) != name) place = places_[place].next;
  return place;
}

int Holdings::descriptor_of(std::string_view name) const {
  const std::uint32_t place = find(name);
  return place == kNone ? -1 : places_[place].descriptor;
}

bool Holdings::keep(std::string_view name, int descriptor) { return set(name, descriptor, false); }

bool Holdings::keep_own(std::string_view name, int descriptor) { return set(name, descriptor, true); }

bool Holdings::set(std::string_view name, int descriptor, bool is_own) {
  const std::uint32_t before = find(name);
  if (before != kNone && is_same_file(places_[before].descriptor, descriptor)) {
    ::close(descriptor);
    places_[before].is_offered = true;
    return true;
  }
  const bool has_room = is_own || before != kNone || held_ < limit_;
  if (!has_room || free_ == kNone) {
    ::close(descriptor);
    return false;
  }
  if (before != kNone) remove(before);
  queue(add(name, descriptor, is_own));
  return true;
}

bool Holdings::restore(std::string_view name, int descriptor) {
  if (free_ == kNone || find(name) != kNone) {
    ::close(descriptor);
    return false;
  }
  places_[add(name, descriptor, is_reserved(name))].is_stored = has_store_;
  return true;
}

std::uint32_t Holdings::add(std::string_view name, int descriptor, bool is_own) {
  const std::uint32_t place = free_;
  Holding& holding = places_[place];
  free_ = holding.next;
  holding = {};
  set_text(holding.name, name);
  holding.descriptor = descriptor;
  holding.state = Holding::State::kHeld;
  holding.is_own = is_own;
  holding.is_offered = true;
  std::uint32_t& bucket = buckets_[bucket_of(name)];
  holding.next = bucket;
  bucket = place;
  if (!is_own) ++held_;
  return place;
}

bool Holdings::drop(std::string_view name) {
  const std::uint32_t place = find(name);
  if (place == kNone) return false;
  remove(place);
  return true;
}

void Holdings::remove(std::uint32_t place) {
  Holding& holding = places_[place];
  std::uint32_t* link = &buckets_[bucket_of(text_of(holding.name))];
  while (*link != place) link = &places_[*link].next;
  *link = holding.next;
  if (!holding.is_own) --held_;
  // Before systemd lets go of its own: the last to close a stranger's file is not the keeper.
  ::close(holding.descriptor);
  holding.descriptor = -1;
  holding.state = Holding::State::kDropped;
  if (holding.is_queued) return;  // at its turn there is nothing to say
  if (holding.is_stored) {
    queue(place);
  } else {
    release(place);
  }
}

void Holdings::begin_offer() {
  for (Holding& holding : places_) holding.is_offered = holding.is_own;
}

std::uint32_t Holdings::drop_unoffered() {
  std::uint32_t dropped = 0;
  for (std::uint32_t place = 0; place < kPlaces; ++place) {
    if (places_[place].state != Holding::State::kHeld || places_[place].is_offered) continue;
    remove(place);
    ++dropped;
  }
  return dropped;
}

const Holding* Holdings::next(std::uint32_t& place) const {
  while (place < kPlaces) {
    const Holding& holding = places_[place++];
    if (holding.state == Holding::State::kHeld && !holding.is_own) return &holding;
  }
  return nullptr;
}

void Holdings::queue(std::uint32_t place) {
  if (!has_store_) return;
  places_[place].is_queued = true;
  places_[place].next_queued = kNone;
  (first_queued_ == kNone ? first_queued_ : places_[last_queued_].next_queued) = place;
  last_queued_ = place;
  ++changes_;
}

const Holding* Holdings::first_untold() const {
  return first_queued_ == kNone ? nullptr : &places_[first_queued_];
}

void Holdings::told() {
  const std::uint32_t place = first_queued_;
  Holding& holding = places_[place];
  first_queued_ = holding.next_queued;
  holding.is_queued = false;
  ++told_;
  if (holding.state == Holding::State::kDropped) {
    release(place);
  } else {
    holding.is_stored = true;
  }
}

void Holdings::forget_store() {
  while (first_queued_ != kNone) told();
  for (Holding& holding : places_) holding.is_stored = false;
  has_store_ = false;
}

}  // namespace ringpost::keeper
