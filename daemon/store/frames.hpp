// Frames in memory: made of payloads, and taken apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "daemon/store/segment_layout.hpp"

namespace ringpost::daemon {

// Appends the frame that will lie at this offset of a segment with this salt.
void add_frame(std::span<const std::byte> payload, std::uint64_t offset, std::uint32_t salt,
               std::vector<std::byte>& to);

// A frame header that is whole at that offset of a segment with this salt (nullopt: whichever it has).
bool is_frame_header(const FrameHeader& header, std::uint64_t offset, std::optional<std::uint32_t> salt);

// Splits what Log::read() has read into payloads. What is damaged is passed over, up to the next whole frame.
class FrameReader {
 public:
  FrameReader(Place first, std::uint32_t salt, std::span<const std::byte> bytes)
      : place_(first), salt_(salt), rest_(bytes) {}

  struct Frame {
    Place place;
    std::span<const std::byte> payload;  // points into what was read
  };
  std::optional<Frame> next();
  // Of what was passed over so far; at the end also of a frame that is not there as a whole.
  std::size_t damaged_bytes() const { return damaged_bytes_; }

 private:
  void skip(std::size_t bytes);

  Place place_;
  std::uint32_t salt_;
  std::span<const std::byte> rest_;
  std::size_t damaged_bytes_ = 0;
};

}  // namespace ringpost::daemon
