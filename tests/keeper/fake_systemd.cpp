#include "tests/keeper/fake_systemd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace ringpost::tests {
namespace {

// The value of a line "KEY=value".
std::string value_of(const std::string& text, const std::string& key) {
  for (const std::string& line : lines_of(text)) {
    if (line.starts_with(key + "=")) return line.substr(key.size() + 1);
  }
  return {};
}

}  // namespace

FakeSystemd::FakeSystemd() : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  directory_.file("notify").copy(static_cast<char*>(address.sun_path), sizeof address.sun_path - 1);
  if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "bind");
  }
}

std::map<std::string, std::string> FakeSystemd::environment(int store_max) const {
  std::map<std::string, std::string> variables{{"NOTIFY_SOCKET", directory_.file("notify")}};
  if (store_max != 0) variables["FDSTORE"] = std::to_string(store_max);
  return variables;
}

void FakeSystemd::serve() {
  pollfd ready{socket_.get(), POLLIN, 0};
  while (::poll(&ready, 1, 1) == 1) {
    std::array<char, 4096> text{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    iovec vector{text.data(), text.size()};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC);
    if (size < 0) throw std::system_error(errno, std::generic_category(), "recvmsg");
    ipc::Descriptor descriptor;
    if (const cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(part), sizeof number);
      descriptor = ipc::Descriptor(number);
    }
    handle({text.data(), static_cast<std::size_t>(size)}, std::move(descriptor));
  }
}

void FakeSystemd::handle(const std::string& text, ipc::Descriptor descriptor) {
  messages_.push_back(text);
  const std::string name = value_of(text, "FDNAME");
  if (text == "BARRIER=1") {
    if (holds_barriers_) barriers_.push_back(std::move(descriptor));
  } else if (value_of(text, "FDSTOREREMOVE") == "1") {
    std::erase_if(store_, [&](const auto& entry) { return entry.first == name; });
  } else if (value_of(text, "FDSTORE") == "1") {
    if (value_of(text, "FDPOLL") != "0")
      throw std::runtime_error("systemd would drop what is hung up: " + text);
    store_.emplace_back(name, std::move(descriptor));
  }
}

std::string FakeSystemd::ask(Actor& actor, const std::string& line) {
  actor.tell(line);
  return serve_until([&] { return actor.has_answered(); }) ? actor.answer() : "nothing";
}

void FakeSystemd::hold_barriers(bool hold) {
  holds_barriers_ = hold;
  if (!hold) barriers_.clear();
}

std::size_t FakeSystemd::count(const std::string& message) const {
  return static_cast<std::size_t>(std::count(messages_.begin(), messages_.end(), message));
}

std::map<std::string, std::string> FakeSystemd::stored() const {
  std::map<std::string, std::string> texts;
  for (const auto& [name, descriptor] : store_) {
    if (!keeper::is_reserved(name)) texts[name] = text_in(descriptor.get());
  }
  return texts;
}

std::unique_ptr<Process> FakeSystemd::start_keeper(const std::string& socket, int store_max) const {
  std::vector<std::pair<std::string, int>> passed;
  for (const auto& [name, descriptor] : store_) passed.emplace_back(name, descriptor.get());
  return start_keeper(passed, environment(store_max), {"--socket", socket});
}

std::unique_ptr<Process> FakeSystemd::start_keeper(const std::vector<std::pair<std::string, int>>& passed,
                                                   std::map<std::string, std::string> environment,
                                                   const std::vector<std::string>& arguments) {
  std::vector<ipc::Descriptor> inherited;
  std::string names;
  std::string numbers;
  for (const auto& [name, descriptor] : passed) {
    inherited.emplace_back(::fcntl(descriptor, F_DUPFD, 0));
    names += (names.empty() ? "" : ":") + name;
    numbers += (numbers.empty() ? "" : ",") + std::to_string(inherited.back().get());
  }
  ProcessOptions options;
  options.environment = std::move(environment);
  options.environment["LISTEN_FDNAMES"] = names;
  std::vector<std::string> words{program("keeper_actor"), "launch", numbers, program("ringpost-keeper")};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return std::make_unique<Process>(words, options);
}

}  // namespace ringpost::tests
