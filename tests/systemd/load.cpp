#include "tests/systemd/load.hpp"

#include <signal.h>

#include <limits>
#include <stdexcept>

#include "tests/attack/tail.hpp"

namespace ringpost::tests {
namespace {

// Of a publisher after each event, in which the kernel's timer has its part: 4 of them make more than kPerSecond.
constexpr const char* kPauseUs = "90";

std::string name_of(std::size_t process) { return std::to_string(process) + "/0"; }

std::string publisher_in(const std::string& message) {
  const std::string before = "\"by\":\"";
  const std::size_t begin = message.find(before) + before.size();
  return message.substr(begin, message.find('"', begin) - begin);
}

}  // namespace

Load::Load(const std::string& socket)
    : follower_(socket, "orders", "kafkaid", [this](const std::string& message) { return look(message); }) {
  for (std::size_t process = 0; process < kProcesses; ++process) {
    const std::string accounts = directory_.file(std::to_string(process));
    accounts_.push_back(std::make_unique<SharedFile<Accounts>>(accounts));
    publishers_.push_back(std::make_unique<Process>(std::vector<std::string>{
        program("accountable_publisher"), socket, accounts, "orders", std::to_string(process), "1",
        std::to_string(std::numeric_limits<std::int32_t>::max()), "100", "until-killed", "kafkaid",
        kPauseUs}));
  }
}

std::string Load::look(const std::string& message) {
  const std::lock_guard lock(mutex_);
  std::uint32_t& next = next_[publisher_in(message)];
  if (number_in(message) != next)
    return "number " + std::to_string(next) + " was to come, and it was " + message;
  ++next;
  return {};
}

void Load::check() {
  if (const std::string problem = follower_.problem(); !problem.empty()) throw std::runtime_error(problem);
  for (const auto& publisher : publishers_) {
    if (!publisher->running()) throw std::runtime_error("a publisher has ended: " + publisher->errors());
  }
}

void Load::wait_for(std::uint64_t more) {
  const std::uint64_t end = follower_.arrived() + more;
  const auto came = [&] {
    check();
    return follower_.arrived() >= end;
  };
  if (!wait_until(came)) throw std::runtime_error("only " + std::to_string(follower_.arrived()) + " arrived");
}

bool Load::all_arrived() {
  const std::lock_guard lock(mutex_);
  for (std::size_t process = 0; process < kProcesses; ++process) {
    if (next_[name_of(process)] < account(process).accepted) return false;
  }
  return true;
}

void Load::kill() {
  check();
  for (const auto& publisher : publishers_) {
    publisher->signal(SIGKILL);
    publisher->wait();
  }
  publishers_.clear();
}

std::uint64_t Load::finish() {
  kill();
  const auto came = [&] {
    check();
    return all_arrived();
  };
  if (!wait_until(came)) throw std::runtime_error("not all that was accepted has arrived");
  return accepted();
}

std::uint64_t Load::accepted() const {
  std::uint64_t accepted = 0;
  for (std::size_t process = 0; process < kProcesses; ++process) accepted += account(process).accepted;
  return accepted;
}

double Load::per_second() const {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
  return static_cast<double>(accepted()) / took.count();
}

}  // namespace ringpost::tests
