// The two ends of the boards: the daemon's that writes, the client's that reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "ipc/board_layout.hpp"
#include "ipc/shared_memory.hpp"

namespace ringpost::ipc {

// A client board as the daemon holds it.
class ClientBoardWriter {
 public:
  explicit ClientBoardWriter(std::uint64_t client_id);
  const Descriptor& memory() const { return memory_; }
  void set_standing(Standing standing) {
    board_->standing.store(static_cast<std::uint32_t>(standing),
                           std::memory_order_relaxed);  // read by each publish
  }
  std::atomic<std::uint64_t>& released(std::uint32_t slot) { return board_->slots[slot].released; }

 private:
  Descriptor memory_;
  Mapping mapping_;
  ClientBoard* board_;
};

// An instance's board as its thread holds it. One thread writes.
class InstanceBoardWriter {
 public:
  explicit InstanceBoardWriter(std::string_view instance);
  const Descriptor& memory() const { return memory_; }
  InstanceBoard& board() { return *board_; }

  // Prefixes first, then names. False: the table is full; or a prefix came after a name.
  bool add_topic(TopicKind kind, std::string_view name);
  TopicEntry* find(std::string_view name);  // kName only; nullptr: not there

 private:
  Descriptor memory_;
  Mapping mapping_;
  InstanceBoard* board_;
};

// What a publish asks of an instance's board: may this topic be used, and what is known of it?
struct TopicLookup {
  bool allowed = false;
  const TopicEntry* entry = nullptr;  // nullptr while only a pattern allows it
};
TopicLookup look_up_topic(const InstanceBoard& board, std::string_view topic);

// Maps a board that came from the daemon. Throws std::runtime_error for a layout that this library does not
// know.
class ClientBoardReader {
 public:
  explicit ClientBoardReader(const Descriptor& memory);
  const ClientBoard& board() const { return *static_cast<const ClientBoard*>(mapping_.get_address()); }

 private:
  Mapping mapping_;
};

class InstanceBoardReader {
 public:
  explicit InstanceBoardReader(const Descriptor& memory);
  const InstanceBoard& board() const { return *static_cast<const InstanceBoard*>(mapping_.get_address()); }

 private:
  Mapping mapping_;
};

}  // namespace ringpost::ipc
