// An arena's memory as a test sees it: to look at what is stored there, and to leave it as a daemon would that died there.
// And as text, without the lines that are zero: to be kept as a file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iomanip>
#include <istream>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/instance/books.hpp"
#include "ipc/arena_layout.hpp"
#include "ipc/descriptor.hpp"
#include "ipc/record.hpp"
#include "ipc/shared_memory.hpp"

namespace ringpost::daemon {

// How a failed comparison shows them.
inline void PrintTo(const Totals& totals, std::ostream* out) {
  *out << totals.waiting << " waiting, " << totals.delivered << " delivered, " << totals.dead << " dead, "
       << totals.spooled << " spooled; of the disk: " << totals.disk_delivered << " delivered, "
       << totals.disk_dead << " dead, " << totals.disk_foreign << " foreign";
}
inline void PrintTo(const TopicTotals& topic, std::ostream* out) {
  *out << "\"" << topic.name << "\": ";
  PrintTo(static_cast<const Totals&>(topic), out);
}

}  // namespace ringpost::daemon

namespace ringpost::test {

class ArenaImage {
 public:
  explicit ArenaImage(const ipc::Descriptor& memory)
      : size_bytes_(ipc::size_of(memory)),
        mapping_(ipc::map(memory, ipc::Access::kReadWrite, 0, size_bytes_)) {}

  std::byte* base() const { return static_cast<std::byte*>(mapping_.get_address()); }
  ipc::ArenaHeader& header() const { return *reinterpret_cast<ipc::ArenaHeader*>(base()); }
  const ipc::ArenaCommit& commit() const { return header().commits[header().selector % 2]; }
  ipc::ArenaChunk& chunk(std::size_t number) const {
    return reinterpret_cast<ipc::ArenaChunk*>(base() + ipc::kArenaTableOffset)[number];
  }
  ipc::ArenaBook& book(std::uint32_t number) const {
    return reinterpret_cast<ipc::ArenaBook*>(base() + ipc::arena_books_offset(header().chunk_count))[number];
  }
  ipc::ArenaPrefix& prefix(std::uint64_t ticket) const {
    return *reinterpret_cast<ipc::ArenaPrefix*>(base() + ticket);
  }

  // A line of text for each 32 bytes that are not all zero.
  void write(std::ostream& out) const {
    out << std::dec << size_bytes_ << "\n" << std::hex << std::setfill('0');
    for (std::size_t offset = 0; offset < size_bytes_; offset += kLineBytes) {
      const std::span line(base() + offset, kLineBytes);
      if (std::all_of(line.begin(), line.end(), [](std::byte byte) { return byte == std::byte{0}; }))
        continue;
      out << offset << " ";
      for (const std::byte byte : line) out << std::setw(2) << std::to_integer<int>(byte);
      out << "\n";
    }
  }
  static ipc::Descriptor read(std::istream& in) {
    std::size_t size_bytes = 0;
    in >> std::dec >> size_bytes;
    ipc::Descriptor memory = ipc::create_memory("arena-image", size_bytes);
    const ArenaImage image(memory);
    std::size_t offset = 0;
    for (std::string digits; in >> std::hex >> offset >> digits;) {
      for (std::size_t at = 0; at < digits.size() / 2; ++at)
        image.base()[offset + at] = static_cast<std::byte>(std::stoi(digits.substr(2 * at, 2), nullptr, 16));
    }
    return memory;
  }

 private:
  static constexpr std::size_t kLineBytes = 32;

  std::size_t size_bytes_;
  ipc::Mapping mapping_;
};

// A record of zero bytes, but for its header and topic, as it would lie in a lane.
inline std::vector<std::byte> zero_record(std::string_view topic, std::size_t message_bytes) {
  ipc::RecordHeader header{};
  header.size = static_cast<std::uint32_t>(ipc::align_record(sizeof header + topic.size() + message_bytes));
  header.topic_size = static_cast<std::uint16_t>(topic.size());
  header.message_size = static_cast<std::uint32_t>(message_bytes);
  std::vector<std::byte> bytes(header.size);
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + sizeof header, topic.data(), topic.size());
  return bytes;
}

}  // namespace ringpost::test
