// Events as a spool is given them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/store/stored_record.hpp"
#include "ipc/clock.hpp"
#include "ipc/record.hpp"

namespace ringpost::tests {

using ArenaId = std::array<std::uint8_t, 16>;

inline constexpr ArenaId kThisArena{1};
inline constexpr ArenaId kOtherArena{2};

// Owns the bytes that its records point into.
class StoredEvents {
 public:
  daemon::StoredRecord add(std::uint64_t sequence, std::string_view topic,
                           std::optional<std::string_view> key, std::string_view message,
                           const ArenaId& arena = kThisArena) {
    ipc::RecordHeader header{};
    header.flags = key ? ipc::kRecordHasKey : 0;
    header.sequence = sequence;
    header.stamp_ns = ipc::monotonic_ns();
    header.topic_size = static_cast<std::uint16_t>(topic.size());
    header.key_size = static_cast<std::uint32_t>(key ? key->size() : 0);
    header.message_size = static_cast<std::uint32_t>(message.size());
    const std::size_t parts = sizeof header + topic.size() + header.key_size + message.size();
    header.size = static_cast<std::uint32_t>(ipc::align_record(parts));
    std::vector<std::byte>& bytes = bytes_.emplace_back(header.size);
    std::byte* at = bytes.data();
    std::memcpy(at, &header, sizeof header);
    at += sizeof header;
    for (const std::string_view part : {topic, key.value_or(""), message}) {
      if (!part.empty()) std::memcpy(at, part.data(), part.size());
      at += part.size();
    }
    daemon::StoredRecord record;
    record.arena_id = arena;
    record.sequence = sequence;
    record.stamp_ns = header.stamp_ns;
    record.create_time_ms = ipc::realtime_ns() / 1'000'000;
    record.record = bytes;
    ipc::parse_record(bytes, record.view);
    return record;
  }

  // `count` of one key, with these sequences, each message its sequence.
  std::vector<daemon::StoredRecord> run(std::uint64_t first, std::uint64_t count,
                                        std::string_view topic = "orders", std::string_view key = "key") {
    std::vector<daemon::StoredRecord> records;
    for (std::uint64_t sequence = first; sequence < first + count; ++sequence)
      records.push_back(add(sequence, topic, key, std::to_string(sequence)));
    return records;
  }

 private:
  std::deque<std::vector<std::byte>> bytes_;
};

}  // namespace ringpost::tests
