#include "daemon/instance/journal.hpp"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace ringpost::daemon {
namespace {

ipc::Mapping map_whole(const ipc::Descriptor& memory) {
  if (ipc::size_of(memory) != ipc::journal_memory_bytes()) {
    throw std::runtime_error(
        fmt::format("the journal that was left is damaged: it has {} bytes", ipc::size_of(memory)));
  }
  return ipc::map(memory, ipc::Access::kReadWrite, 0, ipc::journal_memory_bytes());
}

ipc::JournalEntry* entries_in(const ipc::Mapping& mapping) {
  return reinterpret_cast<ipc::JournalEntry*>(static_cast<std::byte*>(mapping.get_address()) +
                                              ipc::kJournalEntriesOffset);
}

}  // namespace

Journal::Journal()
    : memory_(ipc::create_memory("ringpost-journal", ipc::journal_memory_bytes())),
      mapping_(map_whole(memory_)),
      entries_(entries_in(mapping_)) {
  header().magic = ipc::kJournalMagic;
  header().version = ipc::kJournalVersion;
  header().entry_count = ipc::kJournalEntriesMax;
  ipc::seal(memory_, ipc::Writers::kEverybody);
  free_.reserve(ipc::kJournalEntriesMax);
  for (std::uint32_t entry = ipc::kJournalEntriesMax; entry > 0; --entry) free_.push_back(entry - 1);
}

Journal::Journal(ipc::Descriptor memory)
    : memory_(std::move(memory)), mapping_(map_whole(memory_)), entries_(entries_in(mapping_)) {
  if (header().magic != ipc::kJournalMagic || header().entry_count != ipc::kJournalEntriesMax) {
    throw std::runtime_error("the journal that was left is damaged: it has no journal's beginning");
  }
  if (header().version != ipc::kJournalVersion) {
    throw std::runtime_error(
        fmt::format("the journal that was left is of version {}, this ringpostd knows version {}",
                    header().version, ipc::kJournalVersion));
  }
  for (std::uint32_t entry = ipc::kJournalEntriesMax; entry > 0; --entry) {
    // What enter() and forget() have stored.
    if (entries_[entry - 1].lane_id.load(std::memory_order_acquire) == 0) free_.push_back(entry - 1);
  }
}

std::vector<Journal::Left> Journal::left() const {
  std::vector<Left> lanes;
  for (std::uint32_t number = 0; number < ipc::kJournalEntriesMax; ++number) {
    const ipc::JournalEntry& entry = entries_[number];
    const std::uint64_t lane_id = entry.lane_id.load(std::memory_order_acquire);  // enter(), forget()
    if (lane_id == 0) continue;
    lanes.push_back({number,
                     {lane_id, entry.client_id, entry.capacity_bytes, entry.slot},
                     entry.released.load(std::memory_order_acquire)});  // release()
  }
  return lanes;
}

std::uint32_t Journal::enter(const Lane& lane) {
  if (free_.empty()) return kFull;
  const std::uint32_t number = free_.back();
  free_.pop_back();
  ipc::JournalEntry& entry = entries_[number];
  entry.released.store(0, std::memory_order_relaxed);
  entry.client_id = lane.client_id;
  entry.capacity_bytes = lane.capacity_bytes;
  entry.slot = lane.slot;
  entry.lane_id.store(lane.lane_id, std::memory_order_release);  // read by a successor
  return number;
}

void Journal::forget(std::uint32_t entry) {
  entries_[entry].lane_id.store(0, std::memory_order_release);  // read by a successor
  free_.push_back(entry);
}

}  // namespace ringpost::daemon
