// The hello: any version, name, clock, process id, generation and lanes. The answer must be the one that the protocol says for these
// fields, in the order of its checks, and what is kept of the name must be fit to print.
//
//     version u16 (0: the right one), clock kind u8, clock i64, name 64 bytes, pid i32, lanes 128 bytes, generation u32
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "daemon/control/clock_check.hpp"
#include "fuzz/control_side.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"
#include "ipc/clock.hpp"

namespace ringpost::fuzz {
namespace {

ipc::Frame hello(Input& input) {
  ipc::Frame frame = ipc::make_frame(ipc::FrameType::kHello, 1);
  const auto version = input.number<std::uint16_t>();
  if (version != 0) frame.header.version = version;
  const std::uint8_t clock_kind = input.byte();
  const auto clock_ns = input.number<std::int64_t>();
  const auto name = input.bytes(sizeof frame.body.hello.client_name);
  if (!name.empty()) std::memcpy(frame.body.hello.client_name, name.data(), name.size());
  frame.body.hello.pid = input.number<std::int32_t>();
  const auto lanes = input.bytes(sizeof frame.body.hello.lanes);
  if (!lanes.empty()) std::memcpy(frame.body.hello.lanes, lanes.data(), lanes.size());
  frame.body.hello.generation = input.number<std::uint32_t>();

  const std::int64_t now_ns = ipc::monotonic_ns();
  switch (clock_kind % 4) {
    case 0:
      frame.body.hello.clock_ns = now_ns;
      break;
    case 1:
      frame.body.hello.clock_ns = clock_ns;
      break;
    case 2:  // about a second around now
      frame.body.hello.clock_ns = now_ns + clock_ns % 1'000'000'000;
      break;
    default:
      frame.body.hello.clock_ns =
          clock_ns < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
      break;
  }
  return frame;
}

void check_name(const std::string& kept, std::string_view sent) {
  require(!kept.empty() && kept.size() <= ipc::kClientNameMaxBytes, "a name has a size");
  require(sent.empty() || kept.size() == sent.size(), "a name keeps its size");
  for (const char c : kept) require(c >= ' ' && c <= '~', "a name can be printed");
}

void check(const ipc::Frame& sent) {
  const std::int64_t not_before_ns = ipc::monotonic_ns();
  ControlSide::Connection connection(ControlSide::the());
  const std::int64_t connected_ns = ipc::monotonic_ns();
  connection.send(std::as_bytes(std::span(&sent, 1)));
  const std::int64_t read_ns = ipc::monotonic_ns();
  const ipc::Received answer = connection.receive();
  require(answer.what == ipc::Received::What::kFrame, "a hello is answered");
  require(answer.frame.header.number == 1, "an answer has its question's number");

  const bool welcome = answer.frame.header.type == ipc::FrameType::kWelcome;
  require(welcome || answer.frame.header.type == ipc::FrameType::kRefused, "yes or no");
  require(welcome != connection.ended(), "who is refused is sent away");
  if (sent.header.version != ipc::kProtocolVersion) {
    require(
        !welcome && answer.frame.body.refused.refusal == static_cast<std::uint32_t>(ipc::Refusal::kVersion),
        "another version is refused as that");
    return;
  }
  // The session's own readings lie between ours, so both ends of that span have to agree before we can tell.
  using daemon::ClockVerdict;
  const ClockVerdict early = daemon::judge_clock(sent.body.hello.clock_ns, not_before_ns, connected_ns);
  const ClockVerdict late = daemon::judge_clock(sent.body.hello.clock_ns, connected_ns, read_ns);
  if (early == late) {
    require(welcome == (early == ClockVerdict::kSame), "the clock decides");
    require(
        welcome || answer.frame.body.refused.refusal ==
                       static_cast<std::uint32_t>(early == ClockVerdict::kOther ? ipc::Refusal::kClock
                                                                                : ipc::Refusal::kNoResources),
        "another clock is refused as that");
  }
  if (welcome)
    check_name(connection.session().client()->name(), ipc::text_field(sent.body.hello.client_name));
}

}  // namespace
}  // namespace ringpost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ringpost::fuzz::Input input(data, size);
  ringpost::fuzz::check(ringpost::fuzz::hello(input));
  return 0;
}
