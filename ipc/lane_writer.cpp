#include "ipc/lane_writer.hpp"

#include <sys/mman.h>

#include <cstring>
#include <stdexcept>

#include "ipc/clock.hpp"

namespace ringpost::ipc {
namespace {

// What is shorter than its layout would fault (SIGBUS) when it is read or written.
void check_size(const Descriptor& memory, std::size_t size_bytes) {
  if (size_of(memory) < size_bytes) {
    throw std::runtime_error("the daemon gave a lane that is smaller than its header says");
  }
}

Mapping map_header(const Descriptor& memory) {
  check_size(memory, kPageBytes);
  return map(memory, Access::kReadWrite, 0, kPageBytes);
}

std::size_t checked_capacity(const Descriptor& memory, const LaneHeader& header) {
  const std::uint64_t capacity_bytes = header.capacity_bytes;
  if (header.magic != kLaneMagic || header.version != kLaneVersion || !is_lane_capacity(capacity_bytes)) {
    throw std::runtime_error("the daemon gave a lane of a layout that this library does not know");
  }
  check_size(memory, lane_memory_bytes(capacity_bytes));
  return capacity_bytes;
}

// Up to seven bytes. Stores only: to read what lies there would wait for the line, which the daemon had last.
void clear_padding(std::byte* at, std::size_t size) {
  const auto clear = [&at]<typename T>(T zero) {
    std::memcpy(at, &zero, sizeof zero);
    at += sizeof zero;
  };
  if ((size & 4) != 0) clear(std::uint32_t{0});
  if ((size & 2) != 0) clear(std::uint16_t{0});
  if ((size & 1) != 0) clear(std::uint8_t{0});
}

}  // namespace

LaneWriter::LaneWriter(const Descriptor& memory)
    : header_page_(map_header(memory)),
      header_(static_cast<LaneHeader*>(header_page_.get_address())),
      capacity_bytes_(checked_capacity(memory, *header_)),
      ring_(memory, Access::kReadWrite, kLaneRingOffset, capacity_bytes_) {}

void LaneWriter::prefault() {
  // Both mirrors: they are two mappings, each with page-table entries of its own.
  ipc::prefault(ring_.data(), 2 * capacity_bytes_);
  header_->refused[0].fetch_add(0,
                                std::memory_order_relaxed);  // the header's page, which holds words already
}

void LaneWriter::hide_from_children() {
  ::madvise(header_page_.get_address(), kPageBytes, MADV_DONTFORK);
  ::madvise(ring_.data(), 2 * capacity_bytes_, MADV_DONTFORK);
}

std::byte* LaneWriter::reserve(std::size_t size_bytes, const std::atomic<std::uint64_t>& released) {
  if (tail_ + size_bytes > released_cached_ + capacity_bytes_) {
    // Pairs with the release store in LaneReader::release: the daemon has copied what lies before it.
    const std::uint64_t now_released = released.load(std::memory_order_acquire);
    if (now_released > tail_ || now_released < released_cached_)
      return nullptr;  // not a position of this lane
    released_cached_ = now_released;
    if (tail_ + size_bytes > released_cached_ + capacity_bytes_) return nullptr;
  }
  return ring_.data() + (tail_ & (capacity_bytes_ - 1));
}

void LaneWriter::commit_in_place(std::size_t parts_bytes) {
  const auto size = static_cast<std::uint32_t>(align_record(parts_bytes));
  std::byte* const at = ring_.data() + (tail_ & (capacity_bytes_ - 1));
  clear_padding(at + parts_bytes, size - parts_bytes);
  // Each field by itself: to build the header elsewhere and copy it would wait for its small stores to be done.
  auto* const header = reinterpret_cast<RecordHeader*>(at);
  header->size = size;
  header->sequence = sequence_ + 1;
  header->stamp_ns = monotonic_ns();
  // Pairs with the acquire load in LaneReader::look: who sees this tail sees the whole record.
  header_->tail.store(tail_ + size, std::memory_order_release);
  // In this order, so that recover() can tell where a thread that dies in here has come to.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  ++sequence_;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  tail_ += size;
}

void LaneWriter::commit(const RecordHeader& header) {
  std::memcpy(ring_.data() + (tail_ & (capacity_bytes_ - 1)), &header, sizeof header);
  commit_in_place(sizeof header + header.topic_size + std::size_t{header.key_size} + header.headers_size +
                  header.message_size);
}

void LaneWriter::recover() {
  const std::uint64_t published =
      header_->tail.load(std::memory_order_relaxed);  // our own process's last store
  if (published == tail_) return;  // died before its record was published: there is no such record
  RecordHeader last;
  std::memcpy(&last, ring_.data() + (tail_ & (capacity_bytes_ - 1)), sizeof last);
  sequence_ = last.sequence;
  tail_ = published;
}

std::size_t LaneWriter::room_bytes(const std::atomic<std::uint64_t>& released) const {
  // The tail first: `released` may pass a tail that was read before it, but never fall back behind one.
  const std::uint64_t tail = header_->tail.load(std::memory_order_relaxed);
  const std::uint64_t now_released =
      released.load(std::memory_order_acquire);  // pairs with LaneReader::release
  if (now_released > tail) return capacity_bytes_;
  return capacity_bytes_ - static_cast<std::size_t>(tail - now_released);
}

}  // namespace ringpost::ipc
