#include "ipc/lane_reader.hpp"

#include <algorithm>
#include <cstring>

#include "ipc/record.hpp"

namespace ringpost::ipc {

Descriptor create_lane(std::uint64_t lane_id, std::size_t capacity_bytes) {
  Descriptor memory = create_memory("ringpost-lane", lane_memory_bytes(capacity_bytes));
  {
    const Mapping page = map(memory, Access::kReadWrite, 0, kPageBytes);
    auto* header = static_cast<LaneHeader*>(page.get_address());
    header->magic = kLaneMagic;
    header->version = kLaneVersion;
    header->lane_id = lane_id;
    header->capacity_bytes = capacity_bytes;
  }
  seal(memory, Writers::kEverybody);
  return memory;
}

LaneReader::LaneReader(const Descriptor& memory, std::size_t capacity_bytes, std::uint64_t position)
    : mapping_(map(memory, Access::kReadOnly, 0, lane_memory_bytes(capacity_bytes))),
      header_(static_cast<const LaneHeader*>(mapping_.get_address())),
      ring_(static_cast<const std::byte*>(mapping_.get_address()) + kLaneRingOffset),
      capacity_bytes_(capacity_bytes),
      tail_(position),
      copied_(position) {}

bool LaneReader::look() {
  // Pairs with the release store in LaneWriter::commit.
  const std::uint64_t tail_untrusted = header_->tail.load(std::memory_order_acquire);
  if (tail_untrusted < tail_ || tail_untrusted % kRecordAlignBytes != 0) return false;
  // What lies between `released` and `copied_` is at most what copy_to() took and the daemon has not
  // released; a writer can't be further than one capacity past that, and `copied_` is at least `released`.
  if (tail_untrusted - copied_ > capacity_bytes_) return false;
  tail_ = tail_untrusted;
  return true;
}

void LaneReader::copy_to(std::vector<std::byte>& out, std::size_t max_bytes) {
  const std::size_t size_bytes = std::min(unseen_bytes(), max_bytes);
  if (size_bytes == 0) return;
  const std::size_t from = static_cast<std::size_t>(copied_ & (capacity_bytes_ - 1));
  const std::size_t before_end = std::min(size_bytes, capacity_bytes_ - from);
  const std::size_t at = out.size();
  out.resize(at + size_bytes);
  std::memcpy(out.data() + at, ring_ + from, before_end);
  std::memcpy(out.data() + at + before_end, ring_, size_bytes - before_end);
  copied_ += size_bytes;
}

std::uint64_t LaneReader::count_from_untrusted(std::uint64_t position) const {
  std::uint64_t count = 0;
  for (; position < tail_; ++count) {
    // A header's size field never wraps: records are 8-byte aligned, and so is the ring's end.
    std::uint32_t size_untrusted;
    std::memcpy(&size_untrusted, ring_ + (position & (capacity_bytes_ - 1)), sizeof size_untrusted);
    if (size_untrusted < sizeof(RecordHeader) || size_untrusted > tail_ - position) return count;
    position += align_record(size_untrusted);
  }
  return count;
}

std::array<std::uint64_t, kRefusedCodes> LaneReader::refused_untrusted() const {
  std::array<std::uint64_t, kRefusedCodes> counts{};
  for (std::size_t code = 0; code < kRefusedCodes; ++code) {
    counts[code] = header_->refused[code].load(std::memory_order_relaxed);  // LaneWriter::count_refusal
  }
  return counts;
}

}  // namespace ringpost::ipc
