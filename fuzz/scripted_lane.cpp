#include "fuzz/scripted_lane.hpp"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "ipc/clock.hpp"
#include "ipc/lane_reader.hpp"

namespace ringpost::fuzz {
namespace {

constexpr std::uint8_t kLongMessage = 255;  // a message's size that stands for a long one, of one character

// The fields of a record's header by the script's number for them.
void change_field(ipc::RecordHeader& header, std::uint8_t field, std::uint32_t value) {
  switch (field % 11) {
    case 0:
      header.size = value;
      break;
    case 1:
      header.flags = static_cast<std::uint16_t>(value);
      break;
    case 2:
      header.header_count = static_cast<std::uint16_t>(value);
      break;
    case 3:
      header.sequence = value;
      break;
    case 4:
      header.topic_size = static_cast<std::uint16_t>(value);
      break;
    case 5:
      header.zero = static_cast<std::uint16_t>(value);
      break;
    case 6:
      header.key_size = value;
      break;
    case 7:
      header.headers_size = value;
      break;
    case 8:
      header.message_size = value;
      break;
    case 9:  // one part at another's cost, so that the sum stays right
      header.key_size += value % 16;
      header.message_size -= value % 16;
      break;
    default:
      header.headers_size += value % 16;
      header.message_size -= value % 16;
      break;
  }
}

std::string_view topic_of(std::uint8_t number) {
  static constexpr std::string_view kTopics[] = {
      kListedTopics[0], kListedTopics[1], "not.listed", "..", "no topic", ""};
  return kTopics[number % std::size(kTopics)];
}

void append(std::vector<std::byte>& to, std::string_view text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  to.insert(to.end(), begin, begin + text.size());
}

void append(std::vector<std::byte>& to, const ipc::HeaderField& field) {
  const std::size_t at = to.size();
  to.resize(at + ipc::header_field_bytes(field));
  ipc::write_header_field(to.data() + at, field);
}

ipc::HeaderField header_of(std::uint8_t number) {
  switch (number % 5) {
    case 0:
      return {"trace", "1"};
    case 1:
      return {"empty", ""};
    case 2:
      return {"null", std::nullopt};
    case 3:
      return {ipc::kReservedHeaderName, "forged"};
    default:
      return {"", "nameless"};
  }
}

}  // namespace

LaneMemory::LaneMemory()
    : memory_(ipc::create_lane(1, kCapacityBytes)),
      mapping_(ipc::map(memory_, ipc::Access::kReadWrite, 0, ipc::lane_memory_bytes(kCapacityBytes))) {}

void LaneMemory::wipe() {
  header().tail.store(0, std::memory_order_relaxed);
  std::memset(ring(), 0, kCapacityBytes);
}

ScriptedLane::ScriptedLane(LaneMemory& memory, const Input& script) : memory_(memory), script_(script) {
  memory_.wipe();
}

bool ScriptedLane::play() {
  for (daemons_turn_ = false; !daemons_turn_ && !script_.empty();) step(script_.byte() % 10);
  return daemons_turn_;
}

void ScriptedLane::step(std::uint8_t op) {
  switch (op) {
    case 0:
    case 1:
      return write_record(script_, op == 1);
    case 2:
      return write(std::as_bytes(script_.bytes(script_.byte())));
    case 3:
      return store_tail(written_);
    case 4:
      return store_tail(written_ + static_cast<std::uint64_t>(std::int64_t{script_.number<std::int16_t>()}));
    case 5:
      return store_tail(script_.number<std::uint64_t>());
    case 6:
      return flip();
    case 7:
      stamp_kind_ = script_.byte();
      return;
    case 8:
      daemons_turn_ = true;
      return;
    default:
      return punch_hole();
  }
}

void ScriptedLane::write_record(Input& operands, bool damaged) {
  const std::string_view topic = topic_of(operands.byte());
  const std::uint8_t key = operands.byte();  // 0: null; otherwise a key of one byte less
  const std::uint8_t headers = operands.byte() % 8;
  std::vector<std::byte> parts(sizeof(ipc::RecordHeader));
  append(parts, topic);
  if (key != 0) append(parts, operands.text(key - 1u));
  const std::size_t headers_at = parts.size();
  for (std::uint8_t number = 0; number < headers; ++number) append(parts, header_of(operands.byte()));

  ipc::RecordHeader header{};
  header.topic_size = static_cast<std::uint16_t>(topic.size());
  if (key != 0) header.flags = ipc::kRecordHasKey;
  header.key_size = static_cast<std::uint32_t>(headers_at - sizeof header - topic.size());
  header.header_count = headers;
  header.headers_size = static_cast<std::uint32_t>(parts.size() - headers_at);
  const std::size_t message_at = parts.size();
  const std::uint8_t size = operands.byte();
  if (size == kLongMessage) {
    parts.resize(message_at + operands.number<std::uint16_t>(), std::byte{'7'});
  } else {
    append(parts, operands.text(size));
  }
  header.message_size = static_cast<std::uint32_t>(parts.size() - message_at);
  parts.resize(ipc::align_record(parts.size()));
  header.size = static_cast<std::uint32_t>(parts.size());
  header.sequence = ++sequence_;
  header.stamp_ns = next_stamp_ns();
  if (damaged) {
    const std::uint8_t field = operands.byte();
    change_field(header, field, operands.number<std::uint32_t>());
  }
  std::memcpy(parts.data(), &header, sizeof header);
  write(parts);
}

void ScriptedLane::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const std::size_t at = written_ % kCapacityBytes;
    const auto part = bytes.first(std::min(bytes.size(), kCapacityBytes - at));
    std::memcpy(memory_.ring() + at, part.data(), part.size());
    written_ += part.size();
    bytes = bytes.subspan(part.size());
  }
}

void ScriptedLane::store_tail(std::uint64_t tail) {
  memory_.header().tail.store(tail, std::memory_order_release);
}

void ScriptedLane::flip() {
  const std::uint64_t back = script_.number<std::uint16_t>();
  const std::byte mask{script_.byte()};
  memory_.ring()[(written_ - back - 1) % kCapacityBytes] ^= mask;
}

void ScriptedLane::punch_hole() {
  const auto page = static_cast<off_t>(script_.byte() % (kCapacityBytes / ipc::kPageBytes));
  ::fallocate(memory_.descriptor().get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
              static_cast<off_t>(ipc::kLaneRingOffset) + page * static_cast<off_t>(ipc::kPageBytes),
              static_cast<off_t>(ipc::kPageBytes));
}

std::int64_t ScriptedLane::next_stamp_ns() {
  using Limits = std::numeric_limits<std::int64_t>;
  const std::int64_t now_ns = ipc::monotonic_ns();
  switch (stamp_kind_ % 7) {
    case 0:
      return last_stamp_ns_ = now_ns;
    case 1:
      return last_stamp_ns_;  // equal to the one before
    case 2:
      return last_stamp_ns_ = 0;
    case 3:
      return last_stamp_ns_ = now_ns + 1'000'000'000;
    case 4:
      return last_stamp_ns_ = Limits::min();
    case 5:
      return last_stamp_ns_ = Limits::max();
    default:
      return last_stamp_ns_ = now_ns - stamp_kind_;
  }
}

}  // namespace ringpost::fuzz
