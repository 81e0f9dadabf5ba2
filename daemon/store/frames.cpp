#include "daemon/store/frames.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "daemon/store/crc32c.hpp"

namespace ringpost::daemon {
namespace {

// Behind the offset, so that a frame is whole at one place only.
std::uint32_t header_crc32c(const FrameHeader& header, std::uint64_t offset) {
  return crc32c(std::as_bytes(std::span(&header, 1)).first(offsetof(FrameHeader, crc32c)),
                static_cast<std::uint32_t>(offset / kFrameAlignBytes));
}

}  // namespace

void add_frame(std::span<const std::byte> payload, std::uint64_t offset, std::uint32_t salt,
               std::vector<std::byte>& to) {
  assert(!payload.empty() && payload.size() <= kFramePayloadMaxBytes && offset % kFrameAlignBytes == 0);
  FrameHeader header{static_cast<std::uint32_t>(payload.size()), crc32c(payload), salt, 0};
  header.crc32c = header_crc32c(header, offset);
  const auto head = std::as_bytes(std::span(&header, 1));
  const std::size_t end = to.size() + frame_bytes(payload.size());
  to.insert(to.end(), head.begin(), head.end());
  to.insert(to.end(), payload.begin(), payload.end());
  to.resize(end);
}

bool is_frame_header(const FrameHeader& header, std::uint64_t offset, std::optional<std::uint32_t> salt) {
  return header.payload_bytes != 0 && header.payload_bytes <= kFramePayloadMaxBytes &&
         (!salt || header.salt == *salt) && header.crc32c == header_crc32c(header, offset);
}

void FrameReader::skip(std::size_t bytes) {
  place_.offset += static_cast<std::uint32_t>(bytes);
  rest_ = rest_.subspan(bytes);
}

std::optional<FrameReader::Frame> FrameReader::next() {
  while (rest_.size() >= sizeof(FrameHeader)) {
    FrameHeader header;
    std::memcpy(&header, rest_.data(), sizeof header);
    std::size_t step = kFrameAlignBytes;
    if (is_frame_header(header, place_.offset, salt_) && frame_bytes(header.payload_bytes) <= rest_.size()) {
      step = frame_bytes(header.payload_bytes);
      const Frame frame{place_, rest_.subspan(sizeof header, header.payload_bytes)};
      if (crc32c(frame.payload) == header.payload_crc32c) {
        skip(step);
        return frame;
      }
    }
    skip(step);
    damaged_bytes_ += step;
  }
  damaged_bytes_ += rest_.size();
  rest_ = {};
  return std::nullopt;
}

}  // namespace ringpost::daemon
