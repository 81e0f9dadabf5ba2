// One instance's audit: what the daemon says when it counts again, and what its files hold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/disk/segment_books.hpp"
#include "daemon/store/files.hpp"

namespace ringpost::daemon {

struct AuditFigure {
  std::string what;
  std::uint64_t books = 0;
  std::uint64_t found = 0;

  bool agrees() const { return books == found; }
  bool operator==(const AuditFigure&) const = default;
};

// The daemon's half (daemon/control/audit_json.hpp).
struct AuditReading {
  std::string instance;
  std::string directory;  // of the segments; empty: there are none
  std::vector<AuditFigure> memory;
  std::vector<SegmentBooks> spool;
  std::vector<SegmentBooks> letters;

  bool operator==(const AuditReading&) const = default;
};
// Throws std::runtime_error when it is not what a daemon of this version says.
AuditReading read_audit(std::string_view json);

// The files' half.
struct FilesReading {
  std::vector<SegmentBooks> spool;
  std::vector<SegmentBooks> letters;
  std::vector<std::string> problems;  // damage, or what could not be read
};
FilesReading count_files(Files& files, const std::string& directory);

// All figures of one instance. The files were counted between the two readings: where these differ, what was found has to
// lie between them.
std::vector<AuditFigure> compare(const AuditReading& before, const FilesReading& files,
                                 const AuditReading& after);

}  // namespace ringpost::daemon
