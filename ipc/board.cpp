#include "ipc/board.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace ringpost::ipc {
namespace {

// FNV-1a: short names, and both ends must agree on it for ever (it is part of the layout's version).
std::uint32_t hash_of(std::string_view name) {
  std::uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return hash ^ (hash >> 15);
}

std::string_view name_of(const TopicEntry& entry) { return {entry.name, entry.name_size}; }

// What is shorter than its layout would fault (SIGBUS) when it is read.
Mapping map_whole(const Descriptor& memory, std::size_t size_bytes) {
  if (size_of(memory) < size_bytes) {
    throw std::runtime_error("the daemon gave a board that is smaller than this library's layout of it");
  }
  return map(memory, Access::kReadOnly, 0, size_bytes);
}

const TopicEntry* find_name(const InstanceBoard& board, std::string_view name) {
  for (std::size_t probe = 0, at = hash_of(name); probe < kTopicIndexSize; ++probe, ++at) {
    // Pairs with the release store in InstanceBoardWriter::add_topic: the entry is complete.
    const std::uint16_t number = board.index[at % kTopicIndexSize].load(std::memory_order_acquire);
    if (number == 0 || number > kTopicsPerInstanceMax) return nullptr;
    const TopicEntry& entry = board.topics[number - 1];
    if (name_of(entry) == name) return &entry;
  }
  return nullptr;
}

}  // namespace

ClientBoardWriter::ClientBoardWriter(std::uint64_t client_id)
    : memory_(create_memory("ringpost-client-board", sizeof(ClientBoard))),
      mapping_(map(memory_, Access::kReadWrite, 0, sizeof(ClientBoard))),
      board_(static_cast<ClientBoard*>(mapping_.get_address())) {
  board_->magic = kClientBoardMagic;
  board_->version = kBoardVersion;
  board_->slot_count = kBoardSlotsMax;
  board_->client_id = client_id;
  seal(memory_, Writers::kPresentMappings);
}

InstanceBoardWriter::InstanceBoardWriter(std::string_view instance)
    : memory_(create_memory("ringpost-instance-board", sizeof(InstanceBoard))),
      mapping_(map(memory_, Access::kReadWrite, 0, sizeof(InstanceBoard))),
      board_(static_cast<InstanceBoard*>(mapping_.get_address())) {
  board_->magic = kInstanceBoardMagic;
  board_->version = kBoardVersion;
  board_->name_size = static_cast<std::uint32_t>(instance.size());
  std::memcpy(board_->name, instance.data(), instance.size());
  seal(memory_, Writers::kPresentMappings);
}

bool InstanceBoardWriter::add_topic(TopicKind kind, std::string_view name) {
  const std::uint32_t number = board_->topic_count.load(std::memory_order_relaxed);  // ours alone to write
  if (number == kTopicsPerInstanceMax || name.size() > kTopicNameMaxBytes) return false;
  const std::uint32_t prefixes = board_->prefix_count.load(std::memory_order_relaxed);
  if (kind == TopicKind::kPrefix && prefixes != number) return false;
  if (kind == TopicKind::kName && find(name) != nullptr) return true;

  TopicEntry& entry = board_->topics[number];
  entry.kind = kind;
  entry.name_size = static_cast<std::uint16_t>(name.size());
  std::memcpy(entry.name, name.data(), name.size());
  board_->topic_count.store(number + 1, std::memory_order_release);
  if (kind == TopicKind::kPrefix) {
    board_->prefix_count.store(number + 1, std::memory_order_release);  // pairs with look_up_topic
    return true;
  }
  std::size_t at = hash_of(name);
  while (board_->index[at % kTopicIndexSize].load(std::memory_order_relaxed) != 0) ++at;
  // Pairs with the acquire load in find_name.
  board_->index[at % kTopicIndexSize].store(static_cast<std::uint16_t>(number + 1),
                                            std::memory_order_release);
  return true;
}

TopicEntry* InstanceBoardWriter::find(std::string_view name) {
  return const_cast<TopicEntry*>(find_name(*board_, name));
}

TopicLookup look_up_topic(const InstanceBoard& board, std::string_view topic) {
  if (const TopicEntry* entry = find_name(board, topic)) return {true, entry};
  if (board.any_topic.load(std::memory_order_relaxed) != 0) return {true, nullptr};
  const std::uint32_t prefixes =
      std::min(board.prefix_count.load(std::memory_order_acquire),  // pairs with add_topic
               kTopicsPerInstanceMax);
  for (std::uint32_t number = 0; number < prefixes; ++number) {
    if (topic.starts_with(name_of(board.topics[number]))) return {true, nullptr};
  }
  return {false, nullptr};
}

ClientBoardReader::ClientBoardReader(const Descriptor& memory)
    : mapping_(map_whole(memory, sizeof(ClientBoard))) {
  if (board().magic != kClientBoardMagic || board().version != kBoardVersion) {
    throw std::runtime_error("the daemon gave a client board of a layout that this library does not know");
  }
}

InstanceBoardReader::InstanceBoardReader(const Descriptor& memory)
    : mapping_(map_whole(memory, sizeof(InstanceBoard))) {
  if (board().magic != kInstanceBoardMagic || board().version != kBoardVersion) {
    throw std::runtime_error("the daemon gave an instance board of a layout that this library does not know");
  }
}

}  // namespace ringpost::ipc
