#include "tests/keeper/keeper_client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "tests/support/wait_until.hpp"

namespace ringpost::tests {
namespace {

constexpr std::size_t kDescriptorsMax = 16;

ipc::Descriptor connected(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  ipc::Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  const bool done = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  return done ? std::move(socket) : ipc::Descriptor();
}

std::runtime_error refusal(const keeper::Frame& frame) {
  return std::runtime_error("the keeper answers with type " + std::to_string(static_cast<int>(frame.type)) +
                            ": " + std::string(keeper::text_of(frame.body.text)));
}

std::runtime_error unexpected(const KeeperAnswer& answer) {
  if (answer.what == KeeperAnswer::What::kEnd) return std::runtime_error("the keeper has hung up");
  if (answer.what == KeeperAnswer::What::kNothing) return std::runtime_error("the keeper does not answer");
  return refusal(answer.frame);
}

}  // namespace

KeeperClient::KeeperClient(const std::string& path) {
  wait_until([&] { return static_cast<bool>(socket_ = connected(path)); });
  if (!socket_) throw std::runtime_error("nobody listens at " + path);
}

bool KeeperClient::send(keeper::Frame frame, std::span<const int> descriptors) {
  frame.number = ++number_;
  return send_bytes(std::as_bytes(std::span(&frame, 1)), descriptors);
}

bool KeeperClient::send_bytes(std::span<const std::byte> bytes, std::span<const int> descriptors) const {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptorsMax)> control{};
  iovec vector{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  if (!descriptors.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(part), descriptors.data(), descriptors.size_bytes());
  }
  return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

bool KeeperClient::has_answer(int timeout_ms) const {
  pollfd ready{socket_.get(), POLLIN, 0};
  return ::poll(&ready, 1, timeout_ms) == 1;
}

KeeperAnswer KeeperClient::receive(int timeout_ms) const {
  KeeperAnswer answer;
  if (!has_answer(timeout_ms)) return answer;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  iovec vector{&answer.frame, sizeof answer.frame};
  msghdr message{};
  message.msg_iov = &vector;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  // Said once, when the keeper closes with something of ours unread; what it sent before is still there.
  if (size < 0 && errno == ECONNRESET) size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
  if (const cmsghdr* part = CMSG_FIRSTHDR(&message); size > 0 && part != nullptr) {
    int number = -1;
    std::memcpy(&number, CMSG_DATA(part), sizeof number);
    answer.descriptor = ipc::Descriptor(number);
  }
  answer.what = size == static_cast<ssize_t>(sizeof answer.frame) ? KeeperAnswer::What::kFrame
                                                                  : KeeperAnswer::What::kEnd;
  return answer;
}

TakenThings KeeperClient::take() {
  send(keeper::make_frame(keeper::FrameType::kTake, 0));
  return receive_taken();
}

TakenThings KeeperClient::receive_taken() const {
  TakenThings taken;
  for (;;) {
    const KeeperAnswer answer = receive();
    if (answer.what != KeeperAnswer::What::kFrame || answer.frame.number != number_) throw unexpected(answer);
    if (answer.frame.type == keeper::FrameType::kHeld && answer.descriptor) {
      taken.contents[std::string(keeper::text_of(answer.frame.body.name))] = text_in(answer.descriptor.get());
    } else if (answer.frame.type == keeper::FrameType::kTaken) {
      taken.takes = answer.frame.body.taken.takes;
      taken.flags = answer.frame.body.taken.flags;
      taken.count = answer.frame.count;
      return taken;
    } else {
      throw unexpected(answer);
    }
  }
}

keeper::Frame KeeperClient::ask(keeper::Frame frame, int descriptor) {
  if (!send(frame, {&descriptor, descriptor < 0 ? 0U : 1U}))
    throw std::runtime_error("the keeper has hung up");
  const KeeperAnswer answer = receive();
  if (answer.what != KeeperAnswer::What::kFrame || answer.frame.number != number_) throw unexpected(answer);
  return answer.frame;
}

keeper::FrameType KeeperClient::keep(std::string_view name, int descriptor) {
  const keeper::Frame answer = ask(named_frame(keeper::FrameType::kKeep, name), descriptor);
  if (answer.type != keeper::FrameType::kKept && answer.type != keeper::FrameType::kFull)
    throw refusal(answer);
  return answer.type;
}

std::uint64_t KeeperClient::drop(std::string_view name) {
  const keeper::Frame answer = ask(named_frame(keeper::FrameType::kDrop, name));
  if (answer.type != keeper::FrameType::kDropped) throw refusal(answer);
  return answer.count;
}

keeper::Frame named_frame(keeper::FrameType type, std::string_view name) {
  keeper::Frame frame = keeper::make_frame(type, 0);
  keeper::set_text(frame.body.name, name);
  return frame;
}

ipc::Descriptor memory_with(std::string_view text) {
  ipc::Descriptor memory(::memfd_create("test", MFD_CLOEXEC));
  if (::pwrite(memory.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    throw std::system_error(errno, std::generic_category(), "memfd");
  }
  return memory;
}

std::string text_in(int descriptor) {
  std::string text;
  std::array<char, 65'536> part{};
  for (;;) {
    const ssize_t size = ::pread(descriptor, part.data(), part.size(), static_cast<off_t>(text.size()));
    if (size <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace ringpost::tests
