// The real keeper, and processes that hold for a test.
#pragma once

#include <signal.h>

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/keeper/keeper_client.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// keeper_actor.cpp says what it can be asked. As a child of the test, or of a keeper that the test has started.
class Actor {
 public:
  Actor()
      : own_(std::make_unique<Process>(std::vector{program("keeper_actor")}, options())),
        process_(own_.get()) {}
  explicit Actor(Process& host) : process_(&host) {}
  explicit Actor(const std::string& path) : Actor() { ask("connect " + path); }

  void tell(const std::string& line) { process_->write(line + "\n"); }
  // Its next line; "nothing" when none comes.
  std::string answer() {
    const bool came = wait_until([&] { return lines_of(process_->output()).size() > answered_; });
    return came ? lines_of(process_->output())[answered_++] : "nothing";
  }
  std::string ask(const std::string& line) {
    tell(line);
    return answer();
  }
  bool has_answered() const { return lines_of(process_->output()).size() > answered_; }
  void kill() {
    process_->signal(SIGKILL);
    process_->wait();
  }
  Process& process() { return *process_; }

  static ProcessOptions options() {
    ProcessOptions options;
    options.hold_standard_input = true;
    return options;
  }

 private:
  std::unique_ptr<Process> own_;
  Process* process_;
  std::size_t answered_ = 0;
};

class Keeper {
 public:
  Keeper() { start(); }
  explicit Keeper(std::map<std::string, std::string> environment) : environment_(std::move(environment)) {
    start();
  }

  void start() {
    ProcessOptions options;
    options.environment = environment_;
    process_ = std::make_unique<Process>(
        std::vector{program("ringpost-keeper"), std::string("--socket"), socket()}, options);
  }
  void kill() {
    process_->signal(SIGKILL);
    process_->wait();
  }
  std::string socket() const { return directory_.file("keeper.sock"); }
  std::string file(const std::string& name) const { return directory_.file(name); }
  Process& process() { return *process_; }
  bool wait_for_log(const std::string& text) {
    return wait_until([&] { return process_->errors().find(text) != std::string::npos; });
  }

 private:
  TemporaryDirectory directory_;
  std::map<std::string, std::string> environment_;
  std::unique_ptr<Process> process_;
};

}  // namespace ringpost::tests
