// What `ringpost audit` compares: what an instance's books say, beside what is found when the same is counted again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "daemon/disk/segment_books.hpp"

namespace ringpost::daemon {

// A figure of the books, and the same figure counted again where the events are.
struct AuditLine {
  std::string what;
  std::uint64_t books = 0;
  std::uint64_t found = 0;
};

// Taken at one instant on the instance's thread.
struct InstanceAudit {
  std::string name;
  std::string directory;            // where the segments are; empty: there are none
  std::vector<AuditLine> lines;     // of what is in memory
  std::vector<SegmentBooks> spool;  // by whoever writes them: who reads the files has to find the same
  std::vector<SegmentBooks> letters;
};

}  // namespace ringpost::daemon
