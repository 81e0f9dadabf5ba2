// The instance's journal: lanes and their released positions, kept where a successor can read them.
#pragma once

#include <cstdint>
#include <vector>

#include "ipc/journal_layout.hpp"
#include "ipc/shared_memory.hpp"

namespace ringpost::daemon {

class Journal {
 public:
  Journal();

  struct Lane {
    std::uint64_t lane_id = 0;
    std::uint64_t client_id = 0;
    std::uint64_t capacity_bytes = 0;
    std::uint32_t slot = 0;
  };

  // What a dead daemon has left. Throws std::runtime_error when it is of another version or damaged.
  explicit Journal(ipc::Descriptor memory);
  struct Left {
    std::uint32_t entry = 0;
    Lane lane;
    std::uint64_t released = 0;
  };
  std::vector<Left> left() const;  // the lanes that were registered and not forgotten

  const ipc::Descriptor& memory() const { return memory_; }  // for who keeps it beyond this process

  static constexpr std::uint32_t kFull = 0xFFFFFFFF;
  std::uint32_t enter(const Lane& lane);  // the entry's number; kFull: no room for another lane
  void release(std::uint32_t entry, std::uint64_t position) {
    entries_[entry].released.store(position, std::memory_order_release);  // read by a successor
  }
  void forget(std::uint32_t entry);

 private:
  ipc::JournalHeader& header() const { return *static_cast<ipc::JournalHeader*>(mapping_.get_address()); }

  ipc::Descriptor memory_;
  ipc::Mapping mapping_;
  ipc::JournalEntry* entries_;
  std::vector<std::uint32_t> free_;
};

}  // namespace ringpost::daemon
