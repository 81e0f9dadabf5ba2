// What is counted of one segment's files, by who writes them or by who reads them.
#pragma once

#include <cstdint>

namespace ringpost::daemon {

struct SegmentBooks {
  std::uint32_t number = 0;
  std::uint64_t records = 0;    // frames that count here: not those whose events were moved elsewhere
  std::uint64_t delivered = 0;  // of these
  std::uint64_t ended = 0;      // delivered ones, too; of dead letters: voided, replayed or purged

  bool operator==(const SegmentBooks&) const = default;
};

}  // namespace ringpost::daemon
