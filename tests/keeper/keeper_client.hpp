// The keeper's protocol spoken by hand: honest where a test wants it, and not where it does not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "ipc/descriptor.hpp"
#include "keeper/keeper_frames.hpp"

namespace ringpost::tests {

struct KeeperAnswer {
  enum class What : std::uint8_t { kFrame, kNothing, kEnd };
  What what = What::kNothing;
  keeper::Frame frame{};
  ipc::Descriptor descriptor;
};

struct TakenThings {
  std::uint64_t takes = 0;
  std::uint64_t count = 0;
  std::uint32_t flags = 0;
  std::map<std::string, std::string> contents;  // by name, of what was held
};

class KeeperClient {
 public:
  explicit KeeperClient(const std::string& path);                                // waits until it listens
  explicit KeeperClient(ipc::Descriptor socket) : socket_(std::move(socket)) {}  // inherited

  // A frame with the next number. False: it did not leave.
  bool send(keeper::Frame frame, std::span<const int> descriptors = {});
  bool send_bytes(std::span<const std::byte> bytes, std::span<const int> descriptors = {}) const;
  // The next frame; kNothing when none comes within the deadline.
  KeeperAnswer receive(int timeout_ms = kDeadlineMs) const;
  bool has_answer(int timeout_ms = 0) const;

  // Each throws where the keeper answers with anything else.
  TakenThings take();
  TakenThings receive_taken() const;  // after a Take or Offer that was sent
  keeper::Frame ask(keeper::Frame frame, int descriptor = -1);
  keeper::FrameType keep(std::string_view name, int descriptor);
  std::uint64_t drop(std::string_view name);

  int socket() const { return socket_.get(); }
  void hang_up() { socket_.reset(); }

  static constexpr int kDeadlineMs = 60'000;

 private:
  ipc::Descriptor socket_;
  std::uint64_t number_ = 0;
};

keeper::Frame named_frame(keeper::FrameType type, std::string_view name);

// An unnamed file with this text, and what is in such a file.
ipc::Descriptor memory_with(std::string_view text);
std::string text_in(int descriptor);

}  // namespace ringpost::tests
