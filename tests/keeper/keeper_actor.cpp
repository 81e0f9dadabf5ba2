// A process that holds, because only a process can die. Reads commands, one a line, and answers each with a line:
//
//     connect PATH          connect (to RINGPOST_KEEPER=fd:N)
//     take                  "taken TAKES ENDS_WITH_DAEMON COUNT NAME=TEXT..."; ask-take: sends only, receive-taken: waits for it
//     keep NAME TEXT        "kept" or "full": a new memory with that text
//     keep-again NAME       "kept": the same memory
//     write NAME TEXT       over the text of a memory that it keeps
//     drop NAME             "dropped COUNT"
//     offer TAKES, settled  "taken ...", "dropped COUNT"
//     ask-keep NAME TEXT    sends the question and does not wait for its answer; ask-drop NAME, too
//     many COUNT            keeps one memory under "many.1" and so on, "kept COUNT full COUNT"
//     flood                 keeps for ever without reading an answer, until no more leaves
//     fork                  leaves a child behind that has all descriptors, "forked PID"
//     hang-up, exit CODE, pid, environment NAME, signals-blocked, ignore-stops
//
// As `keeper_actor launch FD,FD... PROGRAM ARGUMENT...` it becomes that program, which gets these descriptors the way in
// which systemd passes them.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/keeper/keeper_client.hpp"

namespace {

using namespace ringpost;
using namespace ringpost::tests;

std::unique_ptr<KeeperClient> client;
std::map<std::string, ipc::Descriptor> memories;

void connect(const std::string& path) {
  if (!path.empty()) {
    client = std::make_unique<KeeperClient>(path);
    return;
  }
  const char* where = std::getenv("RINGPOST_KEEPER");
  const std::string text = where == nullptr ? "" : where;
  if (!text.starts_with("fd:")) throw std::runtime_error("no RINGPOST_KEEPER=fd:N but \"" + text + "\"");
  client = std::make_unique<KeeperClient>(ipc::Descriptor(std::stoi(text.substr(3))));
  ::fcntl(client->socket(), F_SETFL, 0);  // the actor waits
}

std::string to_text(const TakenThings& taken) {
  std::ostringstream text;
  text << "taken " << taken.takes << ' ' << (taken.flags & keeper::kEndsWithDaemon) << ' ' << taken.count;
  for (const auto& [name, content] : taken.contents) text << ' ' << name << '=' << content;
  return text.str();
}

std::string kept_or_full(keeper::FrameType answer) {
  return answer == keeper::FrameType::kKept ? "kept" : "full";
}

std::string keep(const std::string& name, const std::string& text) {
  memories[name] = memory_with(text);
  return kept_or_full(client->keep(name, memories[name].get()));
}

std::string ask_keep(const std::string& name, const std::string& text) {
  memories[name] = memory_with(text);
  const std::array<int, 1> descriptors{memories[name].get()};
  return client->send(named_frame(keeper::FrameType::kKeep, name), descriptors) ? "asked" : "failed";
}

std::string many(int count) {
  constexpr int kUnansweredMax = 200;
  const ipc::Descriptor memory = memory_with("many");
  const std::array<int, 1> descriptors{memory.get()};
  int kept = 0;
  int full = 0;
  for (int sent = 0; kept + full < count;) {
    while (sent < count && sent - kept - full < kUnansweredMax) {
      const std::string name = "many." + std::to_string(++sent);
      if (!client->send(named_frame(keeper::FrameType::kKeep, name), descriptors)) return "failed";
    }
    const KeeperAnswer answer = client->receive();
    if (answer.what != KeeperAnswer::What::kFrame) return "no answer";
    ++(answer.frame.type == keeper::FrameType::kKept ? kept : full);
  }
  return "kept " + std::to_string(kept) + " full " + std::to_string(full);
}

std::string overwrite(const std::string& name, const std::string& text) {
  const bool done =
      ::pwrite(memories.at(name).get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size());
  return done ? "written" : "failed";
}

std::string flood() {
  const ipc::Descriptor memory = memory_with("flood");
  ::fcntl(client->socket(), F_SETFL, O_NONBLOCK);
  int sent = 0;
  const std::array<int, 1> descriptors{memory.get()};
  while (client->send(named_frame(keeper::FrameType::kKeep, "flood"), descriptors)) ++sent;
  return "sent " + std::to_string(sent);
}

std::string environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "unset" : value;
}

std::string signals_blocked() {
  sigset_t mask;
  ::sigprocmask(SIG_BLOCK, nullptr, &mask);
  int count = 0;
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD}) {
    count += ::sigismember(&mask, number);
  }
  return std::to_string(count);
}

std::string fork_one() {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  return "forked " + std::to_string(child);
}

std::string obey(const std::string& command, const std::string& first, const std::string& second) {
  if (command == "connect") return connect(first), "connected";
  if (command == "take") return to_text(client->take());
  if (command == "ask-take")
    return client->send(keeper::make_frame(keeper::FrameType::kTake, 0)) ? "asked" : "failed";
  if (command == "receive-taken") return to_text(client->receive_taken());
  if (command == "keep") return keep(first, second);
  if (command == "keep-again") return kept_or_full(client->keep(first, memories.at(first).get()));
  if (command == "write") return overwrite(first, second);
  if (command == "drop") return "dropped " + std::to_string(client->drop(first));
  if (command == "settled") {
    return "dropped " + std::to_string(client->ask(keeper::make_frame(keeper::FrameType::kSettled, 0)).count);
  }
  if (command == "offer") {
    keeper::Frame offer = keeper::make_frame(keeper::FrameType::kOffer, 0);
    offer.count = std::stoull(first);
    return client->send(offer) ? to_text(client->receive_taken()) : "failed";
  }
  if (command == "ask-keep") return ask_keep(first, second);
  if (command == "ask-drop")
    return client->send(named_frame(keeper::FrameType::kDrop, first)) ? "asked" : "failed";
  if (command == "many") return many(std::stoi(first));
  if (command == "signals-blocked") return signals_blocked();
  if (command == "ignore-stops") return ::signal(SIGTERM, SIG_IGN) == SIG_ERR ? "failed" : "ignored";
  if (command == "pid") return "pid " + std::to_string(::getpid());
  if (command == "environment") return environment(first);
  if (command == "flood") return flood();
  if (command == "fork") return fork_one();
  if (command == "hang-up") return client->hang_up(), "hung up";
  if (command == "exit") std::_Exit(std::stoi(first));
  throw std::runtime_error("no such command: " + command);
}

[[noreturn]] void launch(const std::string& list, char** command) {
  constexpr int kAway = 100;  // beyond the places that they shall have
  constexpr int kFirst = 3;
  std::istringstream numbers(list);
  int count = 0;
  std::vector<int> away;
  for (std::string number; std::getline(numbers, number, ',');)
    away.push_back(::fcntl(std::stoi(number), F_DUPFD_CLOEXEC, kAway));
  for (const int descriptor : away) ::dup2(descriptor, kFirst + count++);
  ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
  ::setenv("LISTEN_FDS", std::to_string(count).c_str(), 1);
  ::execv(command[0], command);
  std::_Exit(127);
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 3 && std::string(arguments[1]) == "launch") launch(arguments[2], arguments + 3);
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string command;
    std::string first;
    std::string second;
    words >> command >> first >> second;
    try {
      std::cout << obey(command, first, second) << std::endl;
    } catch (const std::exception& error) {
      std::cout << "error " << error.what() << std::endl;
    }
  }
}
