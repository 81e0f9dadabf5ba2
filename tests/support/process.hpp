// A real program, run as a child of the test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/temporary_directory.hpp"
#include "tests/support/wait_until.hpp"

namespace ringpost::tests {

struct ProcessOptions {
  std::string standard_input;        // all of it; it ends after that
  bool hold_standard_input = false;  // instead: a pipe that stays open until close_standard_input()
  std::map<std::string, std::string> environment;  // on top of the test's own
};

// The child gets SIGKILL when the test dies before it. What it prints goes to files: it never blocks on us.
class Process {
 public:
  explicit Process(const std::vector<std::string>& command, const ProcessOptions& options = {});
  ~Process();  // kills it when it still runs
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  void write(const std::string& text) const;  // to its standard input, which is held open
  void close_standard_input();

  bool running();
  // The exit code, or minus the number of the signal that ended it; -1000 when the deadline passed before.
  int wait(std::chrono::steady_clock::duration deadline = kDeadline);

  std::string output() const { return read_file(directory_.path() / "stdout"); }  // so far
  std::string errors() const { return read_file(directory_.path() / "stderr"); }  // so far

  static constexpr int kStillRunning = -1000;

 private:
  TemporaryDirectory directory_;
  pid_t pid_ = -1;
  int input_ = -1;
  std::optional<int> status_;
};

struct Outcome {
  int status = 0;  // as of Process::wait()
  std::string output;
  std::string errors;
};

// Starts a program and waits until it ends.
Outcome run(const std::vector<std::string>& command, const ProcessOptions& options = {},
            std::chrono::steady_clock::duration deadline = kDeadline);

// SIGSTOP; all its threads stand when this returns.
void pause_process(pid_t pid);
// SIGKILL to another's child; it is dead when this returns, whether its parent has looked or not.
void kill_process(pid_t pid);

// The path of a program that this build made, e.g. program("ringpostd").
std::string program(const std::string& name);

// The path of a file of the source tree, counted from its root.
std::string source_file(const std::string& name);

}  // namespace ringpost::tests
