#include "ipc/frames.hpp"

#include <cstring>

namespace ringpost::ipc {

Frame make_frame(FrameType type, std::uint64_t number) {
  Frame frame;
  std::memset(&frame, 0, sizeof frame);  // the unused bytes too: no stack content leaves this process
  frame.header = {kFrameMagic, kProtocolVersion, type, number};
  return frame;
}

Frame make_refusal(std::uint64_t number, Refusal refusal, std::string_view text) {
  Frame frame = make_frame(FrameType::kRefused, number);
  frame.body.refused.refusal = static_cast<std::uint32_t>(refusal);
  set_text_field(frame.body.refused.text, text);
  return frame;
}

bool is_frame(const void* bytes, std::size_t size_bytes, Frame& frame) {
  if (size_bytes != sizeof frame) return false;
  std::memcpy(&frame, bytes, sizeof frame);
  return frame.header.magic == kFrameMagic;
}

}  // namespace ringpost::ipc
