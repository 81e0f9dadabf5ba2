// Frames as the client library reads them from whoever listens at the daemon's path. The input is what that peer sends:
// for each question of the library one message.
//
//     kind u8       operands
//     % 3 == 0      type u8, descriptors u8, body 208 bytes     an answer with the right number
//     % 3 == 1      the same, then offset u8, value u8          the same with one byte changed
//     % 3 == 2      size u8, bytes                              that, as one message
//
// Whatever it sends, an answer is given only for what was asked, a hello names the daemon that said last that it has
// adopted the connection, and no descriptor is left open.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "client-lib/connection.hpp"
#include "fuzz/input.hpp"
#include "fuzz/require.hpp"

namespace ringpost::fuzz {
namespace {

using client::Answer;
using ipc::FrameType;

constexpr std::array<FrameType, 9> kTypes = {
    FrameType::kWelcome,    FrameType::kInstance, FrameType::kLane, FrameType::kPong,   FrameType::kRefused,
    FrameType::kStatusText, FrameType::kHello,    FrameType{0},     FrameType::kAdopted};

int lowest_free_descriptor() {
  const ipc::Descriptor probe(::dup(STDERR_FILENO));
  return probe.get();
}

class Peer {
 public:
  explicit Peer(int socket) : socket_(socket) {}

  // Before the question is asked: it waits for nobody else.
  void prepare_answer(Input& input, std::uint64_t number) {
    const std::uint8_t kind = input.byte() % 3;
    if (kind == 2) {
      const auto bytes = input.bytes(input.byte());
      ipc::is_frame(bytes.data(), bytes.size(), sent_);
      ::send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      return;
    }
    const FrameType type = kTypes[input.byte() % kTypes.size()];
    ipc::Frame frame = ipc::make_frame(type, type == FrameType::kAdopted ? 0 : number);
    const std::size_t descriptors = input.byte() % (ipc::kFrameDescriptorsMax + 1);
    const auto body = input.bytes(sizeof frame.body);
    if (!body.empty()) std::memcpy(frame.body.bytes, body.data(), body.size());
    if (kind == 1) {
      const std::uint8_t offset = input.byte();
      reinterpret_cast<std::uint8_t*>(&frame)[offset % sizeof frame] = input.byte();
    }
    sent_ = frame;
    const std::array<int, ipc::kFrameDescriptorsMax> sent = {STDERR_FILENO, STDERR_FILENO};
    ipc::send_frame(socket_, frame, std::span(sent).first(descriptors));
  }
  // The client says that what was sent last is another daemon's word.
  void note_adoption() {
    require(sent_.header.type == FrameType::kAdopted && sent_.header.number == 0,
            "nothing else is taken for an adoption");
    generation_ = sent_.body.index.index;
  }
  void check_hello(const client::HeldLanes& held) {
    ipc::Received hello;
    for (ipc::Received next; (next = ipc::receive_question(socket_)).what == ipc::Received::What::kFrame;)
      hello = std::move(next);
    const ipc::HelloBody& body = hello.frame.body.hello;
    require(hello.frame.header.type == FrameType::kHello, "a hello was sent");
    require(body.generation == generation_, "a hello names the daemon that it answers");
    for (std::uint32_t slot = 0; slot < held.size(); ++slot)
      require(ipc::has_lane(body, slot) == held[slot], "a hello names the lanes that the client has");
  }

 private:
  int socket_;
  ipc::Frame sent_{};
  std::uint32_t generation_ = 0;
};

void check(const Answer& answer, FrameType wanted, std::uint64_t number) {
  if (answer.what != Answer::What::kGiven && answer.what != Answer::What::kRefused) return;
  require(answer.frame.header.magic == ipc::kFrameMagic, "an answer is a frame");
  require(answer.frame.header.number == number, "an answer has its question's number");
  require(answer.frame.header.type == (answer.what == Answer::What::kGiven ? wanted : FrameType::kRefused),
          "an answer is what was asked for");
  require(ipc::text_field(answer.frame.body.refused.text).size() <= sizeof answer.frame.body.refused.text,
          "a text ends");
  require(ipc::text_field(answer.frame.body.instance.name).size() <= sizeof answer.frame.body.instance.name,
          "a name ends");
}

Answer::What checked(const Answer& answer, FrameType wanted, std::uint64_t number) {
  check(answer, wanted, number);
  return answer.what;
}

Answer::What ask(client::Connection& connection, Peer& peer, std::uint8_t question, std::uint64_t number) {
  switch (question % 4) {
    case 0: {
      const client::HeldLanes held(question * 0x0101'0101'0101'0101U);
      const Answer answer = connection.hello("fuzz", held);
      peer.check_hello(held);
      return checked(answer, FrameType::kWelcome, number);
    }
    case 1:
      return checked(connection.open_instance(0), FrameType::kInstance, number);
    case 2:
      return checked(connection.open_lane(0), FrameType::kLane, number);
    default:
      return checked(connection.ping(question), FrameType::kPong, number);
  }
}

void converse(Input& input) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) std::abort();
  ipc::Descriptor peer_end(ends[0]);
  client::InheritedDescriptors inherited;
  const ipc::Descriptor stop(::eventfd(0, EFD_CLOEXEC));
  // An answer that does not come is waited for; so the handle is closed then.
  const auto give_up = [&stop] { ::eventfd_write(stop.get(), 1); };
  client::Connection connection(ipc::Descriptor(ends[1]), stop.get(), inherited, give_up);
  Peer peer(peer_end.get());
  for (std::uint64_t number = 1; number <= 8 && !input.empty(); ++number) {
    const std::uint8_t question = input.byte();
    peer.prepare_answer(input, number);
    if (ask(connection, peer, question, number) == Answer::What::kAdopted) peer.note_adoption();
  }
}

}  // namespace
}  // namespace ringpost::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ringpost::fuzz::Input input(data, size);
  const int before = ringpost::fuzz::lowest_free_descriptor();
  ringpost::fuzz::converse(input);
  ringpost::fuzz::require(ringpost::fuzz::lowest_free_descriptor() == before, "no descriptor is left open");
  return 0;
}
