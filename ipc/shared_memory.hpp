// Sealed memfds and their mappings. Throws std::system_error: all of it happens while something is opened,
// none in a publish.
#pragma once

#include <cstddef>
#include <cstdint>

#include <boost/interprocess/detail/os_file_functions.hpp>
#include <boost/interprocess/mapped_region.hpp>

#include "ipc/descriptor.hpp"

namespace ringpost::ipc {

enum class Access : std::uint8_t { kReadOnly, kReadWrite };

// Who may still map the memory writable once it is sealed.
enum class Writers : std::uint8_t {
  kEverybody,       // a lane: its client writes it
  kPresentMappings  // a board: only the mappings made before seal() go on writing; the kernel refuses new
                    // ones (EPERM)
};

// An anonymous file of `size_bytes` zero bytes, close-on-exec, not yet sealed. `name` shows in
// /proc/PID/maps.
Descriptor create_memory(const char* name, std::size_t size_bytes);

// The size can never change again: a mapping of it can't fault with SIGBUS (holes may still be punched: they
// read as zero).
void seal(const Descriptor& memory, Writers writers);

std::size_t size_of(const Descriptor& memory);

using Mapping = boost::interprocess::mapped_region;

Mapping map(const Descriptor& memory, Access access, std::size_t offset, std::size_t size_bytes);

// The same `size_bytes` twice in a row, so that what wraps in the ring is contiguous in memory.
class MirroredMapping {
 public:
  MirroredMapping() = default;
  MirroredMapping(const Descriptor& memory, Access access, std::size_t offset, std::size_t size_bytes);
  std::byte* data() const { return static_cast<std::byte*>(first_.get_address()); }

 private:
  Mapping first_;
  Mapping second_;
};

// Touches every page for writing, so that no publish takes a page fault. In slices, for it can take long.
void prefault(std::byte* begin, std::size_t size_bytes);

}  // namespace ringpost::ipc
