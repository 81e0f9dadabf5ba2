// Lanes for tests: one written as the client library does it, one written by somebody who lies.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/instance/client.hpp"
#include "daemon/instance/lane_feed.hpp"
#include "ipc/lane_reader.hpp"
#include "ipc/lane_writer.hpp"
#include "ipc/record.hpp"

namespace ringpost::test {

inline constexpr std::size_t kLaneBytes = ipc::kLaneMinBytes;

inline std::shared_ptr<daemon::Client> make_client(std::uint64_t id) {
  return std::make_shared<daemon::Client>(id, "test", ipc::Peer{});
}

// What an honest client does for one event without key and headers.
class HonestLane {
 public:
  HonestLane(std::shared_ptr<daemon::Client> client, std::uint64_t lane_id, std::uint32_t slot)
      : client_(std::move(client)),
        lane_id_(lane_id),
        slot_(slot),
        memory_(ipc::create_lane(lane_id, kLaneBytes)),
        writer_(memory_) {}

  bool publish(std::string_view topic, std::string_view message) {
    const std::size_t size = ipc::align_record(sizeof(ipc::RecordHeader) + topic.size() + message.size());
    std::byte* at = writer_.reserve(size, client_->board.released(slot_));
    if (at == nullptr) return false;
    std::memcpy(at + sizeof(ipc::RecordHeader), topic.data(), topic.size());
    std::memcpy(at + sizeof(ipc::RecordHeader) + topic.size(), message.data(), message.size());
    ipc::RecordHeader header{};
    header.topic_size = static_cast<std::uint16_t>(topic.size());
    header.message_size = static_cast<std::uint32_t>(message.size());
    writer_.commit(header);
    return true;
  }

  std::unique_ptr<daemon::LaneFeed> feed() const {
    return std::make_unique<daemon::LaneFeed>(client_, lane_id_, slot_, memory_, kLaneBytes);
  }
  const ipc::Descriptor& memory() const { return memory_; }
  std::uint64_t lane_id() const { return lane_id_; }
  std::uint32_t slot() const { return slot_; }

 private:
  std::shared_ptr<daemon::Client> client_;
  std::uint64_t lane_id_;
  std::uint32_t slot_;
  ipc::Descriptor memory_;
  ipc::LaneWriter writer_;
};

// Writes whatever it likes: stamps, sequence numbers, sizes, tails.
class ForgedLane {
 public:
  ForgedLane(std::shared_ptr<daemon::Client> client, std::uint64_t lane_id, std::uint32_t slot)
      : client_(std::move(client)),
        lane_id_(lane_id),
        slot_(slot),
        memory_(ipc::create_lane(lane_id, kLaneBytes)),
        mapping_(ipc::map(memory_, ipc::Access::kReadWrite, 0, ipc::lane_memory_bytes(kLaneBytes))) {}

  ipc::RecordHeader header_for(std::string_view topic, std::string_view message, std::int64_t stamp_ns) {
    ipc::RecordHeader header{};
    header.size =
        static_cast<std::uint32_t>(ipc::align_record(sizeof header + topic.size() + message.size()));
    header.sequence = sequence_ + 1;
    header.stamp_ns = stamp_ns;
    header.topic_size = static_cast<std::uint16_t>(topic.size());
    header.message_size = static_cast<std::uint32_t>(message.size());
    return header;
  }
  // False: the ring has no room. Does not wrap a record: what would not fit before the ring's end is refused.
  bool write(const ipc::RecordHeader& header, std::string_view topic, std::string_view message) {
    const std::size_t size = ipc::align_record(sizeof header + topic.size() + message.size());
    if (tail_ + size > kLaneBytes) return false;
    std::byte* at = ring() + tail_;
    std::memcpy(at, &header, sizeof header);
    std::memcpy(at + sizeof header, topic.data(), topic.size());
    std::memcpy(at + sizeof header + topic.size(), message.data(), message.size());
    tail_ += size;
    sequence_ = header.sequence;
    return true;
  }
  bool write(std::string_view topic, std::string_view message, std::int64_t stamp_ns) {
    return write(header_for(topic, message, stamp_ns), topic, message);
  }
  void store_tail() { store_tail(tail_); }
  void store_tail(std::uint64_t tail) { lane_header()->tail.store(tail, std::memory_order_release); }
  std::uint64_t tail() const { return tail_; }
  std::byte* ring() { return static_cast<std::byte*>(mapping_.get_address()) + ipc::kLaneRingOffset; }

  std::unique_ptr<daemon::LaneFeed> feed() const {
    return std::make_unique<daemon::LaneFeed>(client_, lane_id_, slot_, memory_, kLaneBytes);
  }

 private:
  ipc::LaneHeader* lane_header() { return static_cast<ipc::LaneHeader*>(mapping_.get_address()); }

  std::shared_ptr<daemon::Client> client_;
  std::uint64_t lane_id_;
  std::uint32_t slot_;
  ipc::Descriptor memory_;
  ipc::Mapping mapping_;
  std::uint64_t tail_ = 0;
  std::uint64_t sequence_ = 0;
};

inline std::string message_of(std::span<const std::byte> record) {
  ipc::RecordView view;
  if (ipc::parse_record(record, view) != ipc::RecordError::kNone) return "<malformed>";
  return std::string(view.message);
}

}  // namespace ringpost::test
