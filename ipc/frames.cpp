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

std::string_view name_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kVersion:
      return "version";
    case Refusal::kClock:
      return "clock";
    case Refusal::kTooManyClients:
      return "too_many_clients";
    case Refusal::kNoSuchInstance:
      return "no_such_instance";
    case Refusal::kDenied:
      return "denied";
    case Refusal::kTooManyLanes:
      return "too_many_lanes";
    case Refusal::kNoResources:
      return "no_resources";
    case Refusal::kStopping:
      return "stopping";
    case Refusal::kTooManyConnections:
      return "too_many_connections";
    case Refusal::kLaneMemory:
      return "lane_memory";
  }
  return "unknown";
}

std::string_view name_of(LetterResult result) {
  switch (result) {
    case LetterResult::kDone:
      return "done";
    case LetterResult::kNotFound:
      return "not_found";
    case LetterResult::kVoided:
      return "voided";
    case LetterResult::kReplayed:
      return "replayed";
    case LetterResult::kPurged:
      return "purged";
    case LetterResult::kBeingReplayed:
      return "being_replayed";
    case LetterResult::kNoRoom:
      return "no_room";
    case LetterResult::kTopicNotAllowed:
      return "topic_not_allowed";
    case LetterResult::kTooLarge:
      return "too_large";
    case LetterResult::kDisabled:
      return "disabled";
    case LetterResult::kNoBytes:
      return "no_bytes";
    case LetterResult::kNotWritten:
      return "not_written";
  }
  return "unknown";
}

bool is_frame(const void* bytes, std::size_t size_bytes, Frame& frame) {
  if (size_bytes != sizeof frame) return false;
  std::memcpy(&frame, bytes, sizeof frame);
  return frame.header.magic == kFrameMagic;
}

}  // namespace ringpost::ipc
