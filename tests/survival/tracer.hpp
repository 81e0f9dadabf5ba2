// A program under ptrace: it runs to a function or to a trap of its own, then instruction by instruction, and dies where
// the caller wants it to. So no program has a line in it for its own death. A process that traces may have no other
// children: it waits for all of them. x86-64.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ringpost::tests {

// Where a function is in a program's file, by the beginning of its name as c++filt prints it:
// "ringpost::daemon::Arena::append(". None: there is no such function of its own (it was inlined).
std::optional<std::uint64_t> function_in(const std::string& elf_file, const std::string& beginning);

class Tracer {
 public:
  // Starts it, and stands before its first instruction. It dies with the tracer.
  explicit Tracer(const std::vector<std::string>& command);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  // All calls below end, as if the program had, when SIGALRM comes (alarm(2), with interrupt_by_alarm()).
  static void interrupt_by_alarm();

  // Runs until some thread comes to this place of the program's own file for the `hits`-th time; that thread stands there,
  // the others run on whenever we wait for it. None: the program has ended.
  std::optional<pid_t> run_to(std::uint64_t offset, std::uint32_t hits);
  // Runs until one more thread raises SIGTRAP; it stands. None: the program has ended.
  std::optional<pid_t> run_to_trap();

  // One instruction of a thread that stands, while others run. False: it has raised SIGTRAP before, or is gone.
  bool step(pid_t thread);

  void kill();  // SIGKILL, and waits for its end
  // How it ended, as of waitpid(); none while it runs.
  std::optional<int> status() const { return status_; }

 private:
  struct Event {
    pid_t thread = 0;  // 0: there is nothing left, or the alarm has come
    int status = 0;
  };

  Event wait();
  void let_run(const Event& event);   // a stop that nobody waits for
  void on(pid_t thread, int signal);  // PTRACE_CONT
  bool is_at_breakpoint(const Event& event) const;
  void begin();  // from the first instruction on
  std::uint64_t base() const;

  pid_t pid_;
  bool has_begun_ = false;
  std::uint64_t breakpoint_ = 0;  // 0: none
  std::set<pid_t> threads_;       // that were seen
  std::optional<int> status_;
};

}  // namespace ringpost::tests
