#include "daemon/instance/inheritance.hpp"

#include <algorithm>
#include <exception>

#include "daemon/instance/arena.hpp"
#include "daemon/instance/journal.hpp"

namespace ringpost::daemon {

std::map<std::uint64_t, std::uint32_t> next_slots_in(const Inheritance& inheritance) {
  std::map<std::uint64_t, std::uint32_t> slots;
  if (!inheritance.journal) return slots;
  try {
    for (const Journal::Left& left : Journal(inheritance.journal.duplicate()).left())
      slots[left.lane.client_id] = std::max(slots[left.lane.client_id], left.lane.slot + 1);
  } catch (const std::exception&) {
    slots.clear();  // damaged, or of another version: whoever makes the instance says so
  }
  return slots;
}

bool nothing_waits_in(const Inheritance& inheritance) {
  if (!inheritance.lanes.empty()) return false;
  try {
    return !inheritance.arena || Arena(inheritance.arena.duplicate()).waiting() == 0;
  } catch (const std::exception&) {
    return false;
  }
}

}  // namespace ringpost::daemon
