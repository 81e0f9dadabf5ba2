// Control frames as the daemon's session reads them. The input is what a client sends, message by message, and whether
// it reads its answers:
//
//     action u8     operands
//     % 4 == 0      type u8, index u8              a right question: hello, instance, lane, ping, status, or no question
//     % 4 == 1      offset u8, value u8, the same  the same with one byte of the frame changed
//     % 4 == 2      size u8, bytes                 that, as one message
//     % 4 == 3      type u8, index u8              a question without reading the answer
//
// Whatever it sends: each question gets one answer with its number, which says what the protocol allows at that place,
// or the connection ends; lanes and descriptors stay within the quotas; and nothing is left when it has ended.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fuzz/control_side.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"
#include "ipc/clock.hpp"

namespace ringpost::fuzz {
namespace {

using ipc::FrameType;

FrameType question_type(std::uint8_t number) {
  static constexpr std::array<FrameType, 10> kTypes = {
      FrameType::kHello,   FrameType::kOpenInstance, FrameType::kOpenLane, FrameType::kPing,
      FrameType::kStatus,  FrameType::kWelcome,      FrameType::kRefused,  FrameType{77},
      FrameType::kLetters, FrameType::kAudit};
  return kTypes[number % kTypes.size()];
}

// The answer to a question that is not refused, and with how many descriptors it comes.
struct Expected {
  FrameType type;
  std::size_t descriptors;
};
Expected expected(FrameType question) {
  switch (question) {
    case FrameType::kHello:
      return {FrameType::kWelcome, 1};
    case FrameType::kOpenInstance:
      return {FrameType::kInstance, 2};
    case FrameType::kOpenLane:
      return {FrameType::kLane, 1};
    case FrameType::kPing:
      return {FrameType::kPong, 0};
    case FrameType::kLetters:
      return {FrameType::kLettersDone, 0};
    default:
      return {FrameType::kStatusText, 1};
  }
}

class Client {
 public:
  // True: goes on.
  bool act(Input& input) {
    switch (input.byte() % 4) {
      case 0:
        return ask(question(input), true);
      case 1:
        return ask(damaged(input), true);
      case 2:
        return say(input);
      default:
        return ask(question(input), false);
    }
  }

 private:
  ipc::Frame question(Input& input) {
    ipc::Frame frame = ipc::make_frame(question_type(input.byte()), ++number_);
    const std::uint8_t index = input.byte();
    if (frame.header.type == FrameType::kHello) {
      ipc::set_text_field(frame.body.hello.client_name, "fuzz");
      frame.body.hello.clock_ns = ipc::monotonic_ns();
    } else {
      frame.body.index.index = index % (kInstances + 1);  // one more than there are
    }
    return frame;
  }

  ipc::Frame damaged(Input& input) {
    const std::uint8_t offset = input.byte();
    const std::uint8_t value = input.byte();
    ipc::Frame frame = question(input);
    reinterpret_cast<std::uint8_t*>(&frame)[offset % sizeof frame] = value;
    return frame;
  }

  bool say(Input& input) {
    connection_.send(std::as_bytes(input.bytes(input.byte())));
    // An empty message is the end of a connection to who reads it; else nothing short of a frame is answered.
    if (!connection_.ended()) unread_ = true;
    return !connection_.ended();
  }

  bool ask(const ipc::Frame& frame, bool read) {
    connection_.send(std::as_bytes(std::span(&frame, 1)));
    // 20 ms of spacing, and an instance's thread: not waited for.
    const bool slow = frame.header.type == FrameType::kStatus || frame.header.type == FrameType::kLetters ||
                      frame.header.type == FrameType::kAudit;
    if (!read || slow || unread_) {
      unread_ = true;
      return !connection_.ended();
    }
    const ipc::Received received = connection_.receive();
    if (received.what == ipc::Received::What::kEnd) {
      require(connection_.ended(), "an end is an end at both ends");
      return false;
    }
    require(received.what == ipc::Received::What::kFrame, "an answer is a frame");
    check(frame, received);
    return !connection_.ended();
  }

  void check(const ipc::Frame& question, const ipc::Received& answer) {
    require(answer.frame.header.version == ipc::kProtocolVersion, "an answer has the daemon's version");
    require(answer.frame.header.number == question.header.number, "an answer has its question's number");
    std::size_t descriptors = 0;
    for (const ipc::Descriptor& each : answer.descriptors) descriptors += each ? 1 : 0;
    if (answer.frame.header.type == FrameType::kRefused) {
      require(descriptors == 0, "a refusal comes without descriptors");
      require(!ipc::text_field(answer.frame.body.refused.text).empty(), "a refusal says why");
      return;
    }
    const Expected right = expected(question.header.type);
    require(answer.frame.header.type == right.type, "the answer is one to this question");
    const bool denied = right.type == FrameType::kInstance && answer.frame.body.instance.allowed == 0;
    require(descriptors == (denied ? 0 : right.descriptors), "it comes with its descriptors");
    require((right.type == FrameType::kWelcome) == !greeted_, "one welcome, and nothing before it");
    greeted_ = true;
    if (right.type == FrameType::kLane) {
      require(answer.frame.body.lane.slot == lanes_++, "lanes get slots in turn");
      require(lanes_ == connection_.session().lanes_opened(), "lanes are counted");
    }
  }

  ControlSide::Connection connection_{ControlSide::the()};
  std::uint64_t number_ = 0;
  std::uint32_t lanes_ = 0;
  bool greeted_ = false;
  bool unread_ =
      false;  // an answer may lie there: from now on the connection's end is all that is waited for
};

}  // namespace
}  // namespace ringpost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr int kActionsMax = 64;
  ringpost::fuzz::Input input(data, size);
  ringpost::fuzz::Client client;
  for (int actions = 0; actions < kActionsMax && !input.empty() && client.act(input); ++actions) {
  }
  return 0;
}
