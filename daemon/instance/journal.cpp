#include "daemon/instance/journal.hpp"

namespace ringpost::daemon {

Journal::Journal()
    : memory_(ipc::create_memory("ringpost-journal", ipc::journal_memory_bytes())),
      mapping_(ipc::map(memory_, ipc::Access::kReadWrite, 0, ipc::journal_memory_bytes())),
      entries_(reinterpret_cast<ipc::JournalEntry*>(static_cast<std::byte*>(mapping_.get_address()) +
                                                    ipc::kJournalEntriesOffset)) {
  auto* header = static_cast<ipc::JournalHeader*>(mapping_.get_address());
  header->magic = ipc::kJournalMagic;
  header->version = ipc::kJournalVersion;
  header->entry_count = ipc::kJournalEntriesMax;
  ipc::seal(memory_, ipc::Writers::kEverybody);
  free_.reserve(ipc::kJournalEntriesMax);
  for (std::uint32_t entry = ipc::kJournalEntriesMax; entry > 0; --entry) free_.push_back(entry - 1);
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
