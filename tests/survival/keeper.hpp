// ringpost-keeper as a unit of its own runs it, with a socket in a folder of its own.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/support/process.hpp"

namespace ringpost::tests {

class Keeper {
 public:
  Keeper() : socket_(directory_.file("keeper.sock")) { start(); }

  void start() {
    process_ =
        std::make_unique<Process>(std::vector<std::string>{program("ringpost-keeper"), "--socket", socket_});
    const auto ready = [this] { return std::filesystem::exists(socket_) || !process_->running(); };
    if (!wait_until(ready) || !process_->running())
      throw std::runtime_error("ringpost-keeper did not start:\n" + process_->errors());
  }
  void kill() {
    process_->signal(SIGKILL);
    process_->wait();
  }

  // What ringpostd is started with.
  std::map<std::string, std::string> environment() const { return {{"RINGPOST_KEEPER", socket_}}; }
  Process& process() { return *process_; }
  std::string log() const { return process_->errors(); }

 private:
  TemporaryDirectory directory_;
  std::string socket_;
  std::unique_ptr<Process> process_;
};

}  // namespace ringpost::tests
