// What a test and the preloaded disk_fault agree on: a word in a file that both have mapped.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringpost::tests {

// Of calls on files whose names begin with spool- or letters-.
enum class DiskFault : std::uint32_t {
  kNone,
  kNoSpace,        // writes: ENOSPC
  kWriteError,     // writes: EIO
  kReadOnly,       // writes: EROFS
  kShort,          // writes: half of it, and ENOSPC for what is left
  kSyncError,      // fdatasync: EIO
  kCreateError,    // new files: EIO
  kReadError,      // reads of the spool: EIO
  kThirdReadError  // every third of them: EIO, so that two others in a row are well
};

struct DiskFaultWord {
  std::atomic<DiskFault> fault;           // set by the test, read before each call
  std::atomic<std::uint64_t> calls_hurt;  // counted by the module, read by the test
};

}  // namespace ringpost::tests
