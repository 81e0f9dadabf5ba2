#include "ipc/shared_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "ipc/limits.hpp"

namespace ringpost::ipc {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

// What mapped_region asks of a memory: its handle.
class Mappable {
 public:
  explicit Mappable(int number) : number_(number) {}
  boost::interprocess::mapping_handle_t get_mapping_handle() const {
    return boost::interprocess::ipcdetail::mapping_handle_from_file_handle(number_);
  }

 private:
  int number_;
};

boost::interprocess::mode_t mode_of(Access access) {
  return access == Access::kReadOnly ? boost::interprocess::read_only : boost::interprocess::read_write;
}

}  // namespace

Descriptor create_memory(const char* name, std::size_t size_bytes) {
  Descriptor memory(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) fail("memfd_create");
  if (::ftruncate(memory.get(), static_cast<off_t>(size_bytes)) != 0) fail("ftruncate of a new memfd");
  return memory;
}

void seal(const Descriptor& memory, Writers writers) {
  unsigned seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (writers == Writers::kPresentMappings) seals |= F_SEAL_FUTURE_WRITE;
  if (::fcntl(memory.get(), F_ADD_SEALS, seals) != 0) fail("sealing a memfd");
}

std::size_t size_of(const Descriptor& memory) {
  struct stat facts {};
  if (::fstat(memory.get(), &facts) != 0) fail("fstat of a memfd");
  return static_cast<std::size_t>(facts.st_size);
}

Mapping map(const Descriptor& memory, Access access, std::size_t offset, std::size_t size_bytes) {
  return {Mappable(memory.get()), mode_of(access), static_cast<boost::interprocess::offset_t>(offset),
          size_bytes};
}

MirroredMapping::MirroredMapping(const Descriptor& memory, Access access, std::size_t offset,
                                 std::size_t size_bytes) {
  // Reserve room for both, then map over it with MAP_FIXED: an address given as a mere hint is not kept.
  void* reserved =
      ::mmap(nullptr, 2 * size_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) fail("reserving addresses for a mirrored mapping");
  auto* base = static_cast<std::byte*>(reserved);
  const Mappable mappable(memory.get());
  const auto file_offset = static_cast<boost::interprocess::offset_t>(offset);
  try {
    first_ = Mapping(mappable, mode_of(access), file_offset, size_bytes, base, MAP_FIXED);
    second_ = Mapping(mappable, mode_of(access), file_offset, size_bytes, base + size_bytes, MAP_FIXED);
  } catch (...) {
    // What was mapped goes with first_; the rest of the reservation is still ours.
    if (first_.get_address() == nullptr)
      ::munmap(base, 2 * size_bytes);
    else
      ::munmap(base + size_bytes, size_bytes);
    throw;
  }
}

void prefault(std::byte* begin, std::size_t size_bytes) {
  constexpr std::size_t kSliceBytes = 256u << 10;
  for (std::size_t done = 0; done < size_bytes; done += kSliceBytes) {
    const std::size_t slice_bytes = std::min(kSliceBytes, size_bytes - done);
#if defined(MADV_POPULATE_WRITE)
    if (::madvise(begin + done, slice_bytes, MADV_POPULATE_WRITE) == 0) continue;
#endif
    for (std::size_t page = 0; page < slice_bytes; page += kPageBytes) {
      // A fresh lane is all zeros, and nobody may write it before it is claimable: storing a zero changes
      // nothing.
      *static_cast<volatile std::byte*>(begin + done + page) = std::byte{0};
    }
  }
}

}  // namespace ringpost::ipc
