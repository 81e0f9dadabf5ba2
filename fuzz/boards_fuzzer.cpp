// Boards and lanes as the client library maps them: memory of any size and content. It may refuse them; if it takes
// them, it must find its way in them without leaving them. The daemon is trusted with what it says, not with being of
// this version.
//
//     kind u8 % 3: client board, instance board, lane; cut u8: so many 256ths are missing at its end; then
//     patches: offset u32, value u32; half of them go into the first page, or where an instance board has its tables
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "client-lib/admission.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"
#include "ipc/board.hpp"
#include "ipc/lane_reader.hpp"
#include "ipc/lane_writer.hpp"

namespace ringpost::fuzz {
namespace {

enum class Kind : std::uint8_t { kClientBoard, kInstanceBoard, kLane };

std::size_t right_size(Kind kind) {
  switch (kind) {
    case Kind::kClientBoard:
      return sizeof(ipc::ClientBoard);
    case Kind::kInstanceBoard:
      return sizeof(ipc::InstanceBoard);
    default:
      return ipc::lane_memory_bytes(ipc::kLaneMinBytes);
  }
}

// What a daemon of this version would have made.
void fill(Kind kind, std::byte* at) {
  if (kind == Kind::kClientBoard) {
    auto* board = reinterpret_cast<ipc::ClientBoard*>(at);
    board->magic = ipc::kClientBoardMagic;
    board->version = ipc::kBoardVersion;
    board->slot_count = ipc::kBoardSlotsMax;
  } else if (kind == Kind::kInstanceBoard) {
    ipc::InstanceBoardWriter writer("fuzz");
    writer.add_topic(ipc::TopicKind::kPrefix, "crm.");
    writer.add_topic(ipc::TopicKind::kName, "orders");
    std::memcpy(at, static_cast<const void*>(&writer.board()), sizeof(ipc::InstanceBoard));
  } else {
    auto* header = reinterpret_cast<ipc::LaneHeader*>(at);
    header->magic = ipc::kLaneMagic;
    header->version = ipc::kLaneVersion;
    header->capacity_bytes = ipc::kLaneMinBytes;
  }
}

// A memory of one kind: whole, then patched, then whole again for the next input, because to make one takes longer than
// to read it. Its file can be cut off behind any page meanwhile.
class Memory {
 public:
  explicit Memory(Kind kind)
      : size_(right_size(kind)), memory_(ipc::create_memory("fuzz", size_)), whole_(size_) {
    fill(kind, whole_.data());
    mapping_ = ipc::map(memory_, ipc::Access::kReadWrite, 0, size_);
    std::memcpy(at(), whole_.data(), size_);
  }

  const ipc::Descriptor& descriptor() const { return memory_; }

  void damage(Input& input) {
    const std::size_t cut_bytes = input.byte() * size_ / 256 / ipc::kPageBytes * ipc::kPageBytes;
    while (!input.empty()) {
      auto offset = input.number<std::uint32_t>();
      const auto value = input.number<std::uint32_t>();
      // A bit says that it is meant for the head, where everything is that decides about the rest.
      offset = (offset & 1) != 0 ? (offset >> 1) % 512 : (offset >> 1);
      patches_.push_back(offset % (size_ - sizeof value));
      std::memcpy(at() + patches_.back(), &value, sizeof value);
    }
    if (cut_bytes != 0) resize(size_ - cut_bytes);
  }
  void mend() {
    resize(size_);
    for (const std::size_t offset : patches_)
      std::memcpy(at() + offset, whole_.data() + offset, sizeof(std::uint32_t));
    patches_.clear();
  }
  // After a writer was at work, or a part was cut off.
  void mend_all() {
    mend();
    std::memcpy(at(), whole_.data(), size_);
  }

 private:
  std::byte* at() const { return static_cast<std::byte*>(mapping_.get_address()); }
  void resize(std::size_t size) {
    require(::ftruncate(memory_.get(), static_cast<off_t>(size)) == 0, "a memory can be resized");
  }

  std::size_t size_;
  ipc::Descriptor memory_;
  ipc::Mapping mapping_;
  std::vector<std::byte> whole_;
  std::vector<std::size_t> patches_;
};

void look_up(const ipc::InstanceBoard& board) {
  for (const std::string_view topic : {"orders", "crm.contacts", "t", ""}) {
    const ipc::TopicLookup found = ipc::look_up_topic(board, topic);
    require(found.allowed || found.entry == nullptr, "an entry is allowed");
    if (found.entry != nullptr) {
      require(std::string_view(found.entry->name, found.entry->name_size) == topic,
              "an entry is the topic's");
    }
  }
}

void write_events(const ipc::Descriptor& memory) {
  ipc::LaneWriter writer(memory);
  const std::atomic<std::uint64_t> released{0};
  ipc::RecordHeader header{};
  header.topic_size = 1;
  header.message_size = 1000;
  const std::size_t size = ipc::align_record(sizeof header + 1001);
  std::size_t written = 0;
  while (std::byte* at = writer.reserve(size, released)) {
    std::memset(at + sizeof header, '1', 1001);
    writer.commit(header);
    written += size;
    require(written <= writer.capacity_bytes(), "no more fits than there is room");
    require(written <= ipc::kLaneMaxBytes, "a lane has a bound");
  }
  require(writer.room_bytes(released) <= writer.capacity_bytes(), "what is left is part of it");
}

}  // namespace
}  // namespace ringpost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ringpost;
  using fuzz::Kind;
  static std::array<fuzz::Memory, 3> memories = {
      fuzz::Memory(Kind::kClientBoard), fuzz::Memory(Kind::kInstanceBoard), fuzz::Memory(Kind::kLane)};
  fuzz::Input input(data, size);
  const std::uint8_t kind = input.byte() % 3;
  const bool cut = size > 1 && data[1] != 0;
  fuzz::Memory& memory = memories[kind];
  memory.damage(input);
  try {
    if (static_cast<Kind>(kind) == Kind::kClientBoard) {
      const ipc::ClientBoardReader board(memory.descriptor());
      for (const auto& slot : board.board().slots) (void)slot.released.load(std::memory_order_relaxed);
    } else if (static_cast<Kind>(kind) == Kind::kInstanceBoard) {
      fuzz::look_up(ipc::InstanceBoardReader(memory.descriptor()).board());
    } else {
      fuzz::write_events(memory.descriptor());
    }
  } catch (const std::exception&) {
    // Refused: of another layout, or too small.
  }
  if (cut || static_cast<Kind>(kind) == Kind::kLane) {
    memory.mend_all();
  } else {
    memory.mend();
  }
  return 0;
}
