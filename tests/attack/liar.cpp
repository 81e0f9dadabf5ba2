#include "tests/attack/liar.hpp"

#include <cstddef>
#include <cstring>

#include "ipc/record.hpp"

namespace ringpost::tests {

Liar::Liar(const std::string& socket)
    : client_(client_with_lane(socket)),
      capacity_bytes_(client_.lane().capacity_bytes()),
      page_(ipc::map(client_.lane_memory(), ipc::Access::kReadWrite, 0, ipc::kPageBytes)),
      ring_(client_.lane_memory(), ipc::Access::kReadWrite, ipc::kLaneRingOffset, capacity_bytes_) {}

bool Liar::write(std::string_view topic, std::string_view message, std::int64_t stamp_ns) {
  ipc::RecordHeader record{};
  const std::size_t size = ipc::align_record(sizeof record + topic.size() + message.size());
  if (tail_ + size > client_.released() + capacity_bytes_) return false;
  record.size = static_cast<std::uint32_t>(size);
  record.sequence = ++sequence_;
  record.stamp_ns = stamp_ns;
  record.topic_size = static_cast<std::uint16_t>(topic.size());
  record.message_size = static_cast<std::uint32_t>(message.size());
  std::byte* const at = ring_.data() + (tail_ & (capacity_bytes_ - 1));
  std::memset(at, 0, size);
  std::memcpy(at, &record, sizeof record);
  std::memcpy(at + sizeof record, topic.data(), topic.size());
  std::memcpy(at + sizeof record + topic.size(), message.data(), message.size());
  tail_ += size;
  return true;
}

void Liar::show() { header().tail.store(tail_, std::memory_order_release); }  // pairs with LaneReader::look

}  // namespace ringpost::tests
